"""What the pure rules say about a person, beside what the database holds."""

import json
from datetime import UTC, datetime
from typing import Any

from customer.lifecycle.facts import LifecycleFacts
from customer.lifecycle.rules import FOREVER, ClockPosition, clock, transitions
from tests.integration.store.histories import World
from tests.integration.store.loading import Derivation

Row = tuple[object, ...]


def assert_as_the_rules_say(derivation: Derivation, world: World) -> None:
    for index, person in enumerate(world.people):
        facts = world.facts(person)
        assert _clock_rows(derivation, index) == _expected_clock(facts, world)
        assert _transition_rows(derivation, index) == _expected_transitions(facts, world)


def stored_transitions(derivation: Derivation, index: int) -> list[dict[str, Any]]:
    query = "select * from lifecycle_transition where customer_id = $1 order by effective_at"
    return [dict(row) for row in derivation.fetch(query, 10 * index)]


def _clock_rows(derivation: Derivation, index: int) -> list[Row]:
    query = (
        "select effective_at, cause, order_count, cycle, last_order_at, alert_at, lost_at, basis, loyal_until, "
        "won_back_until, closed, policy_version from lifecycle_clock where customer_id = $1 order by effective_at"
    )
    return [tuple(_aware(value) for value in row.values()) for row in derivation.fetch(query, 10 * index)]


def _expected_clock(facts: LifecycleFacts, world: World) -> list[Row]:
    return [
        (
            *(p.effective_at, p.cause, p.order_count, p.cycle, p.last_order_at, p.alert_at, p.lost_at, p.basis),
            *(p.loyal_until, p.won_back_until, p.closed, world.policy.version),
        )
        for p in clock(facts, policy=world.policy)
    ]


def _transition_rows(derivation: Derivation, index: int) -> list[Row]:
    return [
        (
            *(row["effective_at"], _aware(row["until_at"]), row["from_stage"], row["to_stage"], row["reason"]),
            *(row["cycle"], row["policy_version"], _instants_of(json.loads(str(row["facts"])))),
        )
        for row in stored_transitions(derivation, index)
    ]


def _expected_transitions(facts: LifecycleFacts, world: World) -> list[Row]:
    found = transitions(facts, policy=world.policy)
    ends = [*(transition.effective_at for transition in found[1:]), FOREVER]
    return [
        (
            *(found.effective_at, end, found.from_stage, found.to_stage, found.reason, found.position.cycle),
            *(world.policy.version, _told_facts(found.position)),
        )
        for found, end in zip(found, ends, strict=False)
    ]


def _told_facts(position: ClockPosition) -> dict[str, object]:
    return {
        "orderCount": position.order_count,
        "lastOrderAt": position.last_order_at,
        "alertAt": position.alert_at,
        "lostAt": position.lost_at,
        "basis": position.basis,
    }


def _instants_of(facts: dict[str, object]) -> dict[str, object]:
    return {
        key: datetime.fromisoformat(value) if key.endswith("At") and isinstance(value, str) else value
        for key, value in facts.items()
    }


def _aware(value: object) -> object:
    """asyncpg reads infinity as the last naive instant."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
