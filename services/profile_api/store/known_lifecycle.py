"""What we knew then: one person's life cycle from the facts received before an instant, by the pure rules."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import asyncpg

from customer.errors import ParcoursError
from customer.lifecycle.facts import EventFact, GapReference, LifecycleFacts, OrderFact, happened_before
from customer.lifecycle.facts import known_at as facts_known_at
from customer.lifecycle.policy import LifecyclePolicy
from customer.lifecycle.rules import ClockPosition, Transition, find_position, transitions
from customer.vocabulary import IDENTIFYING
from profile_api.store.derive import named_statement
from profile_api.store.lifecycle_policy import get_policy

_MOST_FACTS = 20_000
_MOST_STEPS = 1_000_000  # some seconds of CPU: each invalidation has the orders walked through once more


class LookBackTooLargeError(ParcoursError):
    """A history is too long to be computed while somebody waits."""

    def __init__(self, *, orders: int, invalidations: int) -> None:
        super().__init__(
            f"looking back on {orders:,} orders, {invalidations:,} of them cancelled or given back, takes too long; "
            "ask without `lifecycle`, or for the present"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleThen:
    """A life cycle as told at an earlier instant: the changes past and to come, and where the clock stood."""

    transitions: tuple[Transition, ...]
    position: ClockPosition | None
    policy_version: str


async def get_lifecycle_then(
    connection: asyncpg.Connection,
    tenant_id: int,
    members: Sequence[int],
    *,
    as_of: datetime | None,
    known_at: datetime | None,
    now: datetime,
    policy: LifecyclePolicy | None = None,
) -> LifecycleThen:
    """These members as one person, by the facts of before `as_of` and received before `known_at` (None: all).

    Who belonged together then is the caller's to say. Gap references are those stored now; the policy is the one in
    force at `known_at`. Computed in a thread of its own. Errors: LookBackTooLargeError.
    """
    policy = policy or await get_policy(connection, tenant_id, known_at=known_at)
    facts = await get_lifecycle_facts(connection, tenant_id, members, policy=policy, known_at=known_at)
    if as_of is not None:
        facts = happened_before(facts, as_of)
    if known_at is not None:
        facts = facts_known_at(facts, known_at)
    invalidations = len({order.invalid_at for order in facts.orders if order.invalid_at is not None})
    if max(len(facts.orders), len(facts.events)) > _MOST_FACTS or len(facts.orders) * (invalidations + 1) > _MOST_STEPS:
        raise LookBackTooLargeError(orders=len(facts.orders), invalidations=invalidations)
    return await asyncio.to_thread(_then, facts, as_of or now, policy)


def _then(facts: LifecycleFacts, as_of: datetime, policy: LifecyclePolicy) -> LifecycleThen:
    return LifecycleThen(
        transitions=transitions(facts, policy=policy),
        position=find_position(facts, as_of=as_of, policy=policy),
        policy_version=policy.version,
    )


async def get_lifecycle_facts(
    connection: asyncpg.Connection,
    tenant_id: int,
    members: Sequence[int],
    *,
    policy: LifecyclePolicy,
    known_at: datetime | None = None,
) -> LifecycleFacts:
    """Everything the relationship model looks at for these members taken as one person.

    With `known_at` orders ceased to count when the returns known by then say so; the rest is still unfiltered.
    """
    zone = await connection.fetchval("select time_zone from tenant where id = $1", tenant_id)
    return LifecycleFacts(
        orders=await _orders(connection, tenant_id, members, known_at),
        events=await _events(connection, tenant_id, members, policy),
        identified=await _identified(connection, tenant_id, members),
        references=await _references(connection, tenant_id, policy),
        time_zone=ZoneInfo(zone),
    )


async def _orders(
    connection: asyncpg.Connection, tenant_id: int, members: Sequence[int], known_at: datetime | None
) -> tuple[OrderFact, ...]:
    rows = await connection.fetch(
        named_statement("orders_known_at"), list(members), tenant_id, known_at, _MOST_FACTS + 1
    )
    return tuple(OrderFact(**row) for row in rows)


async def _events(
    connection: asyncpg.Connection, tenant_id: int, members: Sequence[int], policy: LifecyclePolicy
) -> tuple[EventFact, ...]:
    names = {*policy.closure_events, *(signal.event for rule in policy.advocacy for signal in rule.signals)}
    rows = await connection.fetch(
        "select name, occurred_at, received_at, properties::text as properties from event "
        "where customer_id = any($1::bigint[]) and tenant_id = $2 and name = any($3::text[]) "
        "and type in ('FEEDBACK', 'SERVICE', 'OTHER') order by occurred_at desc limit $4",
        *(list(members), tenant_id, sorted(names), _MOST_FACTS + 1),
    )
    return tuple(EventFact(**{**row, "properties": json.loads(row["properties"])}) for row in rows)


async def _identified(connection: asyncpg.Connection, tenant_id: int, members: Sequence[int]) -> tuple[datetime, ...]:
    rows = await connection.fetch(
        "select linked_at from identity "
        "where customer_id = any($1::bigint[]) and tenant_id = $2 and type = any($3::text[])",
        *(list(members), tenant_id, sorted(IDENTIFYING)),
    )
    return tuple(row["linked_at"] for row in rows)


async def _references(
    connection: asyncpg.Connection, tenant_id: int, policy: LifecyclePolicy
) -> Mapping[tuple[int, str], GapReference]:
    rows = await connection.fetch(
        "select local_month, category, alert_days, lost_days, gap_count from gap_reference "
        "where tenant_id = $1 and policy_version = $2",
        *(tenant_id, policy.version),
    )
    return MappingProxyType(
        {
            (row["local_month"], row["category"]): GapReference(
                alert_days=row["alert_days"], lost_days=row["lost_days"], gap_count=row["gap_count"]
            )
            for row in rows
        }
    )
