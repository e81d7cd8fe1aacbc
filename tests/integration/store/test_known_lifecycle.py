"""What we knew then is what the database would have held, had we looked then."""

from datetime import timedelta
from random import Random

from customer.lifecycle.facts import known_at
from customer.lifecycle.rules import transitions
from profile_api.store.known_lifecycle import get_lifecycle_facts, get_transitions_known_at
from tests.integration.store.comparing import stored_transitions
from tests.integration.store.histories import START, make_world
from tests.integration.store.loading import NOW, Derivation


def test_what_is_known_now_is_what_is_stored(derivation: Derivation) -> None:
    with derivation.undone():
        tenant, world = derivation.load(make_world(Random(21), people=40))
        derivation.refresh(tenant, world)
        for index, person in enumerate(world.people):
            members = range(10 * index, 10 * index + person.member_count)
            told = derivation.runner.run(
                get_transitions_known_at(
                    derivation.connection, tenant, members, instant=NOW + timedelta(days=1), policy=world.policy
                )
            )
            stored = [
                (row["effective_at"], row["to_stage"], row["reason"]) for row in stored_transitions(derivation, index)
            ]
            assert [(change.effective_at, change.to_stage, change.reason) for change in told] == stored


def test_what_was_received_later_was_not_known(derivation: Derivation) -> None:
    with derivation.undone():
        tenant, world = derivation.load(make_world(Random(22), people=40))
        derivation.refresh(tenant, world)
        altered = 0
        for index, person in enumerate(world.people):
            members = range(10 * index, 10 * index + person.member_count)
            for instant in (START, START + timedelta(days=20), START + timedelta(days=40)):
                told = derivation.runner.run(
                    get_transitions_known_at(
                        derivation.connection, tenant, members, instant=instant, policy=world.policy
                    )
                )
                assert told == transitions(known_at(world.facts(person), instant), policy=world.policy)
                altered += told != transitions(world.facts(person), policy=world.policy)
        assert altered > 20


def test_facts_of_another_tenant_are_not_read(derivation: Derivation) -> None:
    with derivation.undone():
        _, world = derivation.load(make_world(Random(23), people=3))
        derivation.execute("insert into tenant (id, key, name, currency, time_zone) overriding system value "
                           "values (2, 'other', 'other', 'EUR', 'UTC')")  # fmt: skip
        facts = derivation.runner.run(get_lifecycle_facts(derivation.connection, 2, range(100), policy=world.policy))
        assert (facts.orders, facts.events, facts.identified) == ((), (), ())
