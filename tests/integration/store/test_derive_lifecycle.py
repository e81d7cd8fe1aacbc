"""The lifecycle SQL and the pure rules are the same thing: equal clocks and transitions on generated histories."""

from hypothesis import HealthCheck, given, settings

from customer.lifecycle.rules import lifecycle_stage
from tests.integration.store.comparing import Row, assert_as_the_rules_say, stored_transitions
from tests.integration.store.histories import World, worlds
from tests.integration.store.loading import Derivation, around

_SLOW = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@_SLOW
@given(generated=worlds())
def test_clocks_and_transitions_equal_the_pure_rules(derivation: Derivation, generated: World) -> None:
    with derivation.undone():
        tenant, world = derivation.load(generated)
        derivation.refresh(tenant, world)
        assert_as_the_rules_say(derivation, world)


@_SLOW
@given(generated=worlds(seasonal=True))
def test_festive_customers_are_measured_in_missed_occasions_by_both(derivation: Derivation, generated: World) -> None:
    with derivation.undone():
        tenant, world = derivation.load(generated)
        derivation.refresh(tenant, world)
        assert_as_the_rules_say(derivation, world)


@settings(_SLOW, max_examples=25)
@given(generated=worlds())
def test_the_last_transition_not_after_an_instant_is_the_stage_at_that_instant(
    derivation: Derivation, generated: World
) -> None:
    with derivation.undone():
        tenant, world = derivation.load(generated)
        derivation.refresh(tenant, world)
        for index, person in enumerate(world.people):
            facts = world.facts(person)
            for at in around({row["effective_at"] for row in stored_transitions(derivation, index)}):
                stored = derivation.fetch(
                    "select to_stage from lifecycle_transition where customer_id = $1 and model = 'relationship' "
                    "and effective_at <= $2 order by effective_at desc limit 1",
                    10 * index,
                    at,
                )
                stage = stored[0]["to_stage"] if stored else None
                assert stage == lifecycle_stage(facts, as_of=at, policy=world.policy), at


@settings(_SLOW, max_examples=25)
@given(generated=worlds())
def test_refreshing_one_by_one_in_any_order_equals_refreshing_all(derivation: Derivation, generated: World) -> None:
    with derivation.undone():
        tenant, world = derivation.load(generated, bystanders=60)
        derivation.refresh(tenant, world)
        everything = _everything(derivation)
        for index in reversed(range(len(world.people))):
            last_member = 10 * index + world.people[index].member_count - 1
            summary = derivation.refresh(tenant, world, [last_member])
            assert summary.changed_transitions == 0
        assert _everything(derivation) == everything


def _everything(derivation: Derivation) -> list[list[Row]]:
    tables = {
        "lifecycle_clock": "1, 2, 3",
        "lifecycle_transition": "1, 2, 3, 4",
        "purchase_journey": "customer_id, started_at, first_event_id",
        "customer_metrics": "1",
    }
    return [
        [tuple(row.values()) for row in derivation.fetch(f"select * from {table} order by {order}")]
        for table, order in tables.items()
    ]
