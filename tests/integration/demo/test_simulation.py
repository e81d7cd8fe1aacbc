"""Simulated people and touchpoints: always the same, marked, out of anybody's reach, and never ahead of their time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from demo.simulation.simulate import simulate
from profile_api.ingest.complete_journey import prepare_complete_journey
from profile_api.ingest.workspace import workspace

CUSTOMERS = 60
WEEKS = 463


def drawn(seed: str = "parcours") -> Iterator[duckdb.DuckDBPyConnection]:
    with workspace(memory_mb=512) as duck:
        prepare_complete_journey(duck, shift=timedelta(weeks=WEEKS), limit_customers=CUSTOMERS)
        simulate(duck, seed=seed)
        yield duck


@pytest.fixture(scope="module")
def world() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from drawn()


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return list(connection.execute(query).fetchall())


def one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    return rows(connection, query)[0][0]


def test_the_same_seed_draws_the_same_world(world: duckdb.DuckDBPyConnection) -> None:
    digest = "select bit_xor(md5_number_lower(to_json(t)::varchar)) from {} t"
    for again in drawn():
        for relation in ("person_fact", "identity_fact", "touchpoint_fact", "consent_fact", "order_fact"):
            assert one(again, digest.format(relation)) == one(world, digest.format(relation))


def test_another_seed_draws_another_world(world: duckdb.DuckDBPyConnection) -> None:
    names = "select list(traits order by identity_value) from person_fact where source = 'simulated'"
    for other in drawn("another"):
        assert one(other, names) != one(world, names)


def test_everything_drawn_is_marked_as_simulated(world: duckdb.DuckDBPyConnection) -> None:
    real = "'Campaign Received', 'Coupon Redeemed'"
    assert one(world, f"select count(*) from touchpoint_fact where source <> 'simulated' and name not in ({real})") == 0
    assert one(world, "select count(*) from identity_fact where source <> 'simulated'") == 0
    assert one(world, "select count(*) from consent_fact where source <> 'simulated'") == 0
    assert one(world, "select count(*) from order_fact where (properties->'simulated') is null") == 0


def test_orders_keep_their_real_times_amounts_and_owners(world: duckdb.DuckDBPyConnection) -> None:
    changed = """
      select count(*) from order_fact
      join (
        select basket_id, min(household_id) as household_id, moved(min(transaction_timestamp)) as ordered_at,
          sum(cast(round(sales_value * 100) as bigint)) as total_minor
        from transactions group by basket_id
      ) as basket on order_fact.order_key = basket.basket_id::varchar
      where customer_key <> household_id::varchar or order_fact.ordered_at <> basket.ordered_at
        or order_fact.total_minor <> basket.total_minor
    """
    assert one(world, changed) == 0


def test_nobody_can_be_reached_by_accident(world: duckdb.DuckDBPyConnection) -> None:
    emails = rows(world, "select value from identity_fact where type = 'EMAIL'")
    phones = rows(world, "select value from identity_fact where type = 'PHONE'")
    assert emails
    assert all(email.rpartition("@")[2] in {"example.com", "example.net", "example.org"} for (email,) in emails)
    assert phones
    assert all(phone[:2] == "+1" and phone[5:10] == "55501" and len(phone) == 12 for (phone,) in phones)


def test_no_two_people_share_an_identity(world: duckdb.DuckDBPyConnection) -> None:
    assert one(world, "select count(*) - count(distinct (type, value)) from identity_fact") == 0


def test_no_touchpoint_comes_before_the_customer_or_after_the_history(world: duckdb.DuckDBPyConnection) -> None:
    late = "select count(*) from touchpoint_fact where source = 'simulated' and occurred_at > moved(history_end())"
    assert one(world, late) == 0
    received = "select count(*) from touchpoint_fact where received_at < occurred_at"
    assert one(world, received) == 0


def test_every_online_order_has_a_visit_with_a_checkout_before_it_and_a_handover_after_it(
    world: duckdb.DuckDBPyConnection,
) -> None:
    counts = """
      select count(*) filter (where not exists (
          select 1 from sim_page where sim_page.household_id = sim_order.household_id and name = 'Checkout Started'
            and sim_page.occurred_at between sim_order.ordered_at - interval 1 hour and sim_order.ordered_at)),
        count(*) filter (where delivered_at <= ordered_at), count(*)
      from sim_order where is_online
    """
    [(without_checkout, delivered_too_early, online)] = rows(world, counts)
    assert online > 0
    assert without_checkout <= 0.05 * online  # where the previous order is too close, the visit is left out
    assert delivered_too_early == 0


def test_scores_stay_on_the_scales_of_their_surveys(world: duckdb.DuckDBPyConnection) -> None:
    scales = {"NPS": (0, 10), "CES": (1, 7), "CSAT": (1, 5)}
    found = rows(
        world,
        "select properties->>'kind', min((properties->>'score')::int), max((properties->>'score')::int) "
        "from sim_feedback where name = 'Survey Answered' group by 1",
    )
    assert found
    assert all(scales[kind][0] <= low and high <= scales[kind][1] for kind, low, high in found)


def test_nobody_is_mailed_after_unsubscribing(world: duckdb.DuckDBPyConnection) -> None:
    mailed = """
      select count(*) from sim_email as left_over
      join sim_email as goodbye using (household_id)
      where goodbye.name = 'Unsubscribed' and left_over.name = 'Email Delivered'
        and left_over.occurred_at > goodbye.occurred_at
    """
    assert one(world, mailed) == 0
