"""API keys: how a token looks, how it is recognised, and the statements that create, find and revoke one."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from profile_api.access.errors import DemoCredentialsError, UnknownKeyError, UnknownTenantError
from profile_api.access.roles import Role, scopes_of
from profile_api.graph.request import Caller

TOKEN_PREFIX: Final = "prc_"  # noqa: S105  (recognisable to secret scanners)
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key as it may be shown: everything but the token."""

    public_id: str
    tenant: str
    name: str
    role: Role
    demo: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """Who a token belongs to, and until when it is good."""

    caller: Caller
    expires_at: datetime | None


def token_hash(token: str) -> bytes:
    """SHA-256, unsalted and fast on purpose: a token holds 256 random bits, so there is nothing to guess or to look up
    in a table, and slow hashes made for passwords would only add their milliseconds to every request."""
    return hashlib.sha256(token.encode()).digest()


def looks_like_api_key(token: str) -> bool:
    """Whether the token has the form `create_api_key` gives; others are left to the identity provider."""
    return token.startswith(TOKEN_PREFIX) and len(token) < 100 and token.isascii()


async def create_api_key(
    connection: asyncpg.Connection,
    *,
    tenant: str,
    role: Role,
    name: str,
    now: datetime,
    expires_at: datetime | None = None,
    demo: bool = False,
) -> str:
    """Creates a key and returns its bearer token, which is kept nowhere and cannot be shown again."""
    public_id = secrets.token_hex(5)
    token = f"{TOKEN_PREFIX}{public_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    created = await connection.fetchval(
        """
        with key as (
          insert into api_key (tenant_id, public_id, token_hash, name, role, demo, created_at, expires_at)
          select id, $2, $3, $4, $5, $6, $7, $8 from tenant where key = $1
          returning tenant_id, public_id
        )
        insert into access_log (tenant_id, at, actor, role, action)
        select tenant_id, $7, public_id, $5, 'KEY_CREATED' from key
        returning id
        """,
        *(tenant, public_id, token_hash(token), name, role.value, demo, now, expires_at),
    )
    if created is None:
        raise UnknownTenantError(key=tenant)
    return token


async def find_key_holder(connection: asyncpg.Connection, token: str, *, now: datetime) -> KeyHolder | None:
    """The caller behind a token; None when it is unknown, revoked or expired."""
    row = await connection.fetchrow(
        """
        select tenant_id, public_id, role, expires_at from api_key
        where token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
        """,
        token_hash(token),
        now,
    )
    if row is None:
        return None
    role = Role(row["role"])
    caller = Caller(
        tenant_id=row["tenant_id"],
        subject=f"key:{row['public_id']}",
        roles=frozenset({role}),
        scopes=scopes_of(frozenset({role})),
    )
    return KeyHolder(caller=caller, expires_at=row["expires_at"])


async def list_api_keys(connection: asyncpg.Connection, *, demo_in_force: bool = False) -> list[ApiKey]:
    """All keys, newest first; with `demo_in_force` only the demonstration keys that still open something."""
    rows = await connection.fetch(
        """
        select public_id, tenant.key as tenant, api_key.name, role, demo, api_key.created_at, expires_at, revoked_at
        from api_key join tenant on tenant.id = api_key.tenant_id
        where not $1 or (demo and revoked_at is null)
        order by api_key.created_at desc, api_key.id desc
        """,
        demo_in_force,
    )
    return [ApiKey(**{**row, "role": Role(row["role"])}) for row in rows]


async def refuse_demo_keys(connection: asyncpg.Connection) -> None:
    """Raises `DemoCredentialsError` while a demonstration key opens anything."""
    if keys := await list_api_keys(connection, demo_in_force=True):
        raise DemoCredentialsError(public_ids=[key.public_id for key in keys])


async def revoke_api_key(connection: asyncpg.Connection, *, public_id: str, now: datetime) -> None:
    """Takes a key out of force; processes that know it stop letting it in within their cache's seconds."""
    revoked = await connection.fetchval(
        """
        with key as (
          update api_key set revoked_at = $2 where public_id = $1 and revoked_at is null
          returning tenant_id, public_id, role
        )
        insert into access_log (tenant_id, at, actor, role, action)
        select tenant_id, $2, public_id, role, 'KEY_REVOKED' from key
        returning id
        """,
        public_id,
        now,
    )
    if revoked is None:
        raise UnknownKeyError(public_id=public_id)


async def revoke_demo_keys(connection: asyncpg.Connection, *, now: datetime, tenant: str | None = None) -> int:
    """Takes the demonstration keys of a tenant, or of all, out of force; returns how many there were."""
    keys = [
        key for key in await list_api_keys(connection, demo_in_force=True) if tenant is None or key.tenant == tenant
    ]
    for key in keys:
        await revoke_api_key(connection, public_id=key.public_id, now=now)
    return len(keys)


async def create_demo_keys(connection: asyncpg.Connection, *, tenant: str, now: datetime) -> dict[str, str]:
    """One new key per role, for a demonstration: role name to bearer token. Earlier demonstration keys end."""
    async with connection.transaction():
        await revoke_demo_keys(connection, now=now, tenant=tenant)
        return {
            role.value: await create_api_key(
                connection, tenant=tenant, role=role, name=f"demo {role.value}", now=now, demo=True
            )
            for role in Role
        }
