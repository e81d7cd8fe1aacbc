"""From a bearer token to a caller: API keys from the database, others by the identity provider, both remembered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from profile_api.access.api_keys import find_key_holder, looks_like_api_key, token_hash
from profile_api.access.errors import ForbiddenError, UnauthenticatedError
from profile_api.access.expiring import Expiring
from profile_api.access.identity_tokens import IdentityTokens
from profile_api.access.roles import scopes_of
from profile_api.graph.request import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How long a known caller and a refused token are remembered, and how many of each."""

    known_s: float = 30.0
    refused_s: float = 5.0
    size: int = 10_000


class Authenticator:
    """Knows the caller behind a token. A revoked key is let in for at most `Memory.known_s` seconds more."""

    def __init__(
        self, connections: asyncpg.Pool, *, identity_tokens: IdentityTokens | None = None, memory: Memory | None = None
    ) -> None:
        self._connections = connections
        self._identity_tokens = identity_tokens
        self._memory = memory or Memory()
        self._known: Expiring[bytes | None, Caller] = Expiring(size=self._memory.size)
        self._refused: Expiring[bytes, str] = Expiring(size=self._memory.size)
        # The caller whose token, by its hash, was checked moments ago; never waits. None: there was no token.
        self.recall: Callable[[bytes | None], Caller | None] = self._known.find

    async def authenticate(self, token: str, *, now: datetime) -> Caller:
        """The caller behind the token; raises `UnauthenticatedError` or another `AccessError`."""
        key = token_hash(token)
        if (known := self._known.find(key)) is not None:
            return known
        if (problem := self._refused.find(key)) is not None:
            raise UnauthenticatedError(problem)
        try:
            caller, expires_at = await self._check(token, now=now)
        except UnauthenticatedError as refusal:
            self._refused.put(key, str(refusal).removeprefix("not authenticated: "), for_s=self._memory.refused_s)
            raise
        good_for = self._memory.known_s
        if expires_at is not None:
            good_for = min(good_for, (expires_at - now).total_seconds())
        self._known.put(key, caller, for_s=good_for)
        return caller

    async def _check(self, token: str, *, now: datetime) -> tuple[Caller, datetime | None]:
        if looks_like_api_key(token):
            async with self._connections.acquire(timeout=5) as connection:
                holder = await find_key_holder(connection, token, now=now)
            if holder is None:
                raise UnauthenticatedError("the API key is unknown, expired or revoked")
            return holder.caller, holder.expires_at
        if self._identity_tokens is None:
            raise UnauthenticatedError("the bearer token is not an API key, and no identity provider is configured")
        claims = await self._identity_tokens.check(token)
        async with self._connections.acquire(timeout=5) as connection:
            tenant_id = await connection.fetchval("select id from tenant where key = $1", claims.tenant_key)
        if tenant_id is None:
            raise ForbiddenError("the token names a tenant that does not exist here")
        caller = Caller(
            tenant_id=tenant_id,
            subject=claims.subject,
            roles=frozenset(claims.roles),
            scopes=scopes_of(claims.roles),
        )
        return caller, claims.expires_at
