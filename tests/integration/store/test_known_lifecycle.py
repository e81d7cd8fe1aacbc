"""What we knew then is what the database would have held, had we looked then."""

from datetime import timedelta
from random import Random

import pytest

from customer.lifecycle.facts import known_at
from customer.lifecycle.rules import transitions
from profile_api.store.known_lifecycle import LookBackTooLargeError, get_lifecycle_facts, get_lifecycle_then
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
                get_lifecycle_then(
                    derivation.connection, tenant, members, as_of=None, known_at=NOW + timedelta(days=1), now=NOW,
                    policy=world.policy,
                )
            ).transitions  # fmt: skip
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
                    get_lifecycle_then(
                        derivation.connection, tenant, members, as_of=None, known_at=instant, now=NOW,
                        policy=world.policy,
                    )
                ).transitions  # fmt: skip
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


def test_a_history_too_long_to_wait_for_is_refused(derivation: Derivation) -> None:
    with derivation.undone():
        derivation.execute("insert into tenant (id, key, name, currency, time_zone) overriding system value "
                           "values (1, 't', 't', 'EUR', 'UTC')")  # fmt: skip
        derivation.execute(
            "insert into customer_order (tenant_id, customer_id, order_key, ordered_at, received_at, local_day,"
            " local_month, local_hour, channel, currency, source, invalid_at, invalid_received_at)"
            " select 1, 7, number, at, at, number, 0, 0, 'WEB', 'EUR', 'test', at + interval '1 day', at"
            " from generate_series(1, 1100) as number"
            " cross join lateral (select $1::timestamptz + number * interval '1 day' as at) day",
            START,
        )
        with pytest.raises(LookBackTooLargeError, match="1,100 orders"):
            derivation.runner.run(
                get_lifecycle_then(derivation.connection, 1, [7], as_of=None, known_at=None, now=NOW, policy=None)
            )
