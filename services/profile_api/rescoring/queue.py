"""The freshness queue in the database: who asks for new predictions, what is due, what is settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import asyncpg

from profile_api.rescoring.statements import named_sql


class Urgency(IntEnum):
    """Lower goes first."""

    CHANGE = 0  # a customer changed; somebody may be looking
    BULK = 1  # many changed at once, by an import
    TIME = 2  # nothing changed but the date


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoringRequest:
    """One customer to score anew; settling it needs the version it was read with."""

    customer_id: int
    version: int
    requested_at: datetime
    attempts: int


async def request_rescoring(
    connection: asyncpg.Connection,
    tenant_id: int,
    customer_ids: Sequence[int],
    *,
    urgency: Urgency,
    requested_at: datetime,
) -> None:
    """To be called in the transaction that changes these customers' (roots') facts; takes effect when it commits."""
    await connection.execute(
        "select request_rescoring($1, $2, $3, $4)", tenant_id, list(customer_ids), urgency, requested_at
    )


async def swallow_jobs(connection: asyncpg.Connection, tenant_id: int) -> None:
    """Takes over the jobs whose requests can be seen from now on."""
    await connection.execute(named_sql("swallow_jobs"), tenant_id)


async def due_requests(
    connection: asyncpg.Connection, tenant_id: int, *, now: datetime, limit: int
) -> list[RescoringRequest]:
    """The most urgent requests that are due, at most `limit`."""
    rows = await connection.fetch(named_sql("due_requests"), tenant_id, now, limit)
    return [RescoringRequest(**row) for row in rows]


async def settle(connection: asyncpg.Connection, requests: Sequence[RescoringRequest]) -> None:
    """These were answered."""
    await connection.execute(named_sql("settle_requests"), *_versions(requests))


async def settle_older(connection: asyncpg.Connection, customer_ids: Sequence[int], *, as_of: datetime) -> None:
    """These customers' predictions as of `as_of` know of every change requested before."""
    await connection.execute(
        "delete from rescoring_request where customer_id = any($1::bigint[]) and requested_at < $2",
        list(customer_ids),
        as_of,
    )


async def postpone(
    connection: asyncpg.Connection, requests: Sequence[RescoringRequest], *, until: datetime | None, why: str
) -> None:
    """These failed: try again at `until`, or, when None, not before the customer changes again."""
    await connection.execute(named_sql("postpone_requests"), *_versions(requests), until, why[:500])


async def request_refresh(
    connection: asyncpg.Connection, *, expiring_before: datetime, requested_at: datetime
) -> dict[int, int]:
    """Requests every customer whose prediction expires by then; customers requested per tenant."""
    rows = await connection.fetch(named_sql("request_refresh"), expiring_before, requested_at)
    return {row["tenant_id"]: row["customers"] for row in rows}


def _versions(requests: Sequence[RescoringRequest]) -> tuple[list[int], list[int]]:
    return [request.customer_id for request in requests], [request.version for request in requests]
