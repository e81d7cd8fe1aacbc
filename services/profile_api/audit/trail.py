"""Reads the trail: for privacy officers who may reach the database as its owner; the service itself cannot."""

from datetime import datetime
from importlib.resources import files

import asyncpg
import msgspec


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation that touched personal data, as it is told."""

    at: datetime
    caller: str
    roles: list[str]
    operation: str | None
    trace_id: str
    customers: list[int]
    read: list[str]
    withheld: list[str]


async def get_trail(
    connection: asyncpg.Connection,
    tenant_id: int,
    *,
    customer_id: int | None = None,
    caller: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> list[TrailEntry]:
    """The newest entries first; of a person whichever of their records is named."""
    query = (files("profile_api.audit") / "sql" / "reads.sql").read_text(encoding="utf-8")
    rows = await connection.fetch(query, tenant_id, customer_id, caller, since, limit)
    return [TrailEntry(**{**row, "customers": sorted(row["customers"]), "read": sorted(row["read"])}) for row in rows]
