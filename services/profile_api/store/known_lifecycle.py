"""What we knew then: one person's life cycle from the facts received before an instant, by the pure rules."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import asyncpg

from customer.lifecycle.facts import EventFact, GapReference, LifecycleFacts, OrderFact, known_at
from customer.lifecycle.policy import LifecyclePolicy
from customer.lifecycle.rules import Transition, transitions
from customer.vocabulary import IDENTIFYING
from profile_api.store.lifecycle_policy import get_policy


async def get_transitions_known_at(
    connection: asyncpg.Connection,
    tenant_id: int,
    members: Sequence[int],
    *,
    instant: datetime,
    policy: LifecyclePolicy | None = None,
) -> tuple[Transition, ...]:
    """Every change of stage, past and to come, as it would have been told at `instant` of these members as one person.

    Who belonged together then is the caller's to say. Gap references are those stored now.
    """
    policy = policy or await get_policy(connection, tenant_id)
    facts = await get_lifecycle_facts(connection, tenant_id, members, policy=policy)
    return transitions(known_at(facts, instant), policy=policy)


async def get_lifecycle_facts(
    connection: asyncpg.Connection, tenant_id: int, members: Sequence[int], *, policy: LifecyclePolicy
) -> LifecycleFacts:
    """Everything the relationship model looks at for these members taken as one person."""
    zone = await connection.fetchval("select time_zone from tenant where id = $1", tenant_id)
    return LifecycleFacts(
        orders=await _orders(connection, tenant_id, members),
        events=await _events(connection, tenant_id, members, policy),
        identified=await _identified(connection, tenant_id, members),
        references=await _references(connection, tenant_id, policy),
        time_zone=ZoneInfo(zone),
    )


async def _orders(connection: asyncpg.Connection, tenant_id: int, members: Sequence[int]) -> tuple[OrderFact, ...]:
    rows = await connection.fetch(
        "select id, ordered_at, received_at, local_day, main_category as category, invalid_at, invalid_received_at "
        "from customer_order where customer_id = any($1::bigint[]) and tenant_id = $2",
        *(list(members), tenant_id),
    )
    return tuple(OrderFact(**row) for row in rows)


async def _events(
    connection: asyncpg.Connection, tenant_id: int, members: Sequence[int], policy: LifecyclePolicy
) -> tuple[EventFact, ...]:
    names = {*policy.closure_events, *(signal.event for rule in policy.advocacy for signal in rule.signals)}
    rows = await connection.fetch(
        "select name, occurred_at, received_at, properties::text as properties from event "
        "where customer_id = any($1::bigint[]) and tenant_id = $2 and name = any($3::text[]) "
        "and type in ('FEEDBACK', 'SERVICE', 'OTHER')",
        *(list(members), tenant_id, sorted(names)),
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
