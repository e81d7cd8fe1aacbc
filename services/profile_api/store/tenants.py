"""Tenants: whose data it is, in which currency and time zone, and the lock that makes its writers take turns."""

from dataclasses import dataclass

import asyncpg

from customer.errors import ParcoursError
from customer.local_time import checked_time_zone


class UnknownTenantError(ParcoursError):
    def __init__(self, key: str) -> None:
        super().__init__(f"no tenant {key!r} in this database; import something for it first, or correct the key")


class TenantMismatchError(ParcoursError):
    """Money and local days of one tenant are only comparable in one currency and one time zone."""

    def __init__(self, *, key: str, what: str, kept: str, asked: str) -> None:
        super().__init__(
            f"tenant {key!r} keeps its facts in {what} {kept}, but this asks for {asked}; "
            f"leave the {what} out, or use another tenant"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    id: int
    key: str
    currency: str
    time_zone: str


async def find_tenant(connection: asyncpg.Connection, key: str) -> Tenant | None:
    row = await connection.fetchrow("select id, key, currency, time_zone from tenant where key = $1", key)
    return Tenant(**row) if row else None


async def get_tenant(connection: asyncpg.Connection, key: str) -> Tenant:
    """Errors: UnknownTenantError."""
    tenant = await find_tenant(connection, key)
    if tenant is None:
        raise UnknownTenantError(key)
    return tenant


async def ensure_tenant(
    connection: asyncpg.Connection, key: str, *, currency: str | None = None, time_zone: str | None = None
) -> Tenant:
    """The tenant, created with the currency (EUR) and time zone (UTC) when it does not exist yet.

    One that holds no customers yet takes on what is asked for. Errors: UnknownTimeZoneError, and TenantMismatchError
    when it holds customers in another currency or time zone.
    """
    await connection.execute(
        "insert into tenant (key, name, currency, time_zone) values ($1, $1, $2, $3) on conflict (key) do nothing",
        key,
        currency or "EUR",
        checked_time_zone(time_zone or "UTC"),
    )
    await connection.execute(
        "update tenant set currency = coalesce($2, currency), time_zone = coalesce($3, time_zone) "
        "where key = $1 and not exists (select from customer where customer.tenant_id = tenant.id) "
        "and (currency, time_zone) is distinct from (coalesce($2, currency), coalesce($3, time_zone))",
        key,
        currency,
        time_zone,
    )
    tenant = await get_tenant(connection, key)
    if currency is not None and currency != tenant.currency:
        raise TenantMismatchError(key=key, what="currency", kept=tenant.currency, asked=currency)
    if time_zone is not None and time_zone != tenant.time_zone:
        raise TenantMismatchError(key=key, what="time zone", kept=tenant.time_zone, asked=time_zone)
    return tenant


async def lock_tenant(connection: asyncpg.Connection, tenant_id: int) -> None:
    """Makes this transaction the tenant's only writer until it ends; others wait their turn."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('parcours.write'), $1)", tenant_id)
