"""A snapshot of a database holds one brand's facts, as known at one instant, and says what is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.parity.planted import NOON, Planter, ago, planted_world
from tests.parity.stored import store
from tests.parity.world import World
from training.data.database_snapshot import UnknownTenantError, snapshot_from_database
from training.data.snapshot import NoFactsError, Snapshot, open_snapshot
from training.data.spine import build_spine

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def take(database_url: str, folder: Path, *, known_before: datetime = LATER, tenant: str | None = None) -> Snapshot:
    number = len(list(folder.iterdir()))
    return snapshot_from_database(
        database_url, folder / f"snapshot{number}", known_before=known_before, tenant_key=tenant
    )


def two_brands(database_url: str) -> None:
    """One brand with Ann and Bob, another with Zoe."""
    planter = Planter()
    ann, bob = planter.customer(), planter.customer()
    order = planter.order(ann, ago(30), 100)
    planter.line(order, "P1", "C1")
    planter.adjustment(ann, order, ago(20), 10)
    planter.order(bob, ago(3), 900, received_at=NOON)
    planter.event(bob, ago(2))
    store(planter.world, database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (id, key, name, currency, time_zone) "
            "values (2, 'other', 'Other', 'USD', 'America/New_York')"
        )
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) values (900, 2, 900, '2024-01-01')"
        )
        connection.execute(
            "insert into customer_order (id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, "
            "local_month, local_hour, channel, currency, source) values "
            "(901, 2, 900, 'z', '2024-01-01', '2024-01-01', 19723, 648, 0, 'WEB', 'USD', 'world')"
        )


def test_the_facts_of_one_brand_with_its_calendar_and_currency(database_url: str, tmp_path: Path) -> None:
    two_brands(database_url)
    world, other = take(database_url, tmp_path, tenant="world"), take(database_url, tmp_path, tenant="other")
    assert open_snapshot(world.folder) == world
    assert dict(world.row_counts) == {
        "feature_member": 2, "feature_order": 2, "feature_order_line": 1, "feature_adjustment": 1, "feature_event": 1,
        "feature_customer": 2,
    }  # fmt: skip
    assert (other.row_counts["feature_order"], other.currency, other.time_zone) == (1, "USD", "America/New_York")
    assert (world.has_amounts, other.has_amounts) == (True, False)


def test_facts_received_at_the_instant_or_later_are_left_out(database_url: str, tmp_path: Path) -> None:
    two_brands(database_url)
    early = take(database_url, tmp_path, known_before=NOON, tenant="world")
    later = take(database_url, tmp_path, known_before=NOON + timedelta(microseconds=1), tenant="world")
    assert (early.row_counts["feature_order"], later.row_counts["feature_order"]) == (1, 2)
    assert build_spine(early, [NOON]).num_rows == 1


@pytest.mark.parametrize(
    "change",
    [
        "update customer_order set invalid_at = ordered_at + interval '1 day', invalid_received_at = %(instant)s",
        "update customer_order set invalid_at = %(instant)s, invalid_received_at = %(instant)s",
        "update customer set root_id = 1 where id = 2",
    ],
)
def test_what_becomes_of_facts_later_does_not_change_their_name(database_url: str, tmp_path: Path, change: str) -> None:
    two_brands(database_url)
    before = take(database_url, tmp_path, known_before=NOON, tenant="world")
    with psycopg.connect(database_url) as connection:
        assert connection.execute(change, {"instant": NOON}).rowcount
    after = take(database_url, tmp_path, known_before=NOON, tenant="world")
    assert (after.content_hash, after.row_counts) == (before.content_hash, before.row_counts)
    assert take(database_url, tmp_path, tenant="world").content_hash != before.content_hash


def test_the_same_facts_give_the_same_name(database_url: str, tmp_path: Path) -> None:
    two_brands(database_url)
    first, second = take(database_url, tmp_path, tenant="world"), take(database_url, tmp_path, tenant="world")
    assert first.content_hash == second.content_hash != take(database_url, tmp_path, tenant="other").content_hash


def renumbered(world: World, *, reverse: bool) -> World:
    """The same facts as if loaded in another order: other numbers for everybody and every order."""
    ids = {member.member_id for member in world.members} | {order.order_id for order in world.orders}
    number = dict(zip(sorted(ids), range(100_000, 100_000 + len(ids)), strict=True))
    step = -1 if reverse else 1
    if reverse:
        number = {old: 300_000 - new for old, new in number.items()}
    return replace(
        world,
        members=[
            replace(one, member_id=number[one.member_id], customer_id=number[one.customer_id])
            for one in world.members[::step]
        ],
        orders=[
            replace(one, member_id=number[one.member_id], order_id=number[one.order_id]) for one in world.orders[::step]
        ],
        lines=[
            replace(one, member_id=number[one.member_id], order_id=number[one.order_id]) for one in world.lines[::step]
        ],
        adjustments=[
            replace(
                one, member_id=number[one.member_id], order_id=None if one.order_id is None else number[one.order_id]
            )
            for one in world.adjustments[::step]
        ],
        events=[replace(one, member_id=number[one.member_id]) for one in world.events[::step]],
    )


def test_neither_internal_numbers_nor_the_order_of_loading_change_the_name(database_url: str, tmp_path: Path) -> None:
    whole, names = planted_world(timed_membership=False), set()
    for tenant, world in enumerate((whole, renumbered(whole, reverse=False), renumbered(whole, reverse=True)), start=1):
        store(world, database_url, tenant=tenant)
        names.add(take(database_url, tmp_path, tenant="world" if tenant == 1 else f"world {tenant}").content_hash)
    assert len(names) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update customer_order set total_minor = total_minor + 1 where id = (select min(id) from customer_order)",
        "update order_line set product_id = 'another' where order_id = (select min(order_id) from order_line)",
        # A line that moves to another order of the same person.
        "update order_line set order_id = (select max(id) from customer_order where customer_id = 1), line_number = 9 "
        "where order_id = (select min(id) from customer_order where customer_id = 1)",
        "update order_adjustment set order_id = (select max(id) from customer_order where customer_id = 1)",
        "update event set channel = 'APP'",
        "update customer set root_id = 2 where id = 1",
        "update customer_order set customer_id = 2 where customer_id = 1",
    ],
)
def test_whatever_is_another_fact_changes_the_name(database_url: str, tmp_path: Path, change: str) -> None:
    planter = Planter()
    ann, bob = planter.customer(), planter.customer()
    first, _, _ = planter.order(ann, ago(30), 100), planter.order(ann, ago(20), 100), planter.order(bob, ago(9), 900)
    planter.line(first, "P1", "C1")
    planter.adjustment(ann, first, ago(10), 10)
    planter.event(bob, ago(2))
    store(planter.world, database_url)
    before = take(database_url, tmp_path)
    with psycopg.connect(database_url) as connection:
        connection.execute(change)
    assert take(database_url, tmp_path).content_hash != before.content_hash


@pytest.mark.parametrize("tenant", [None, "nobody"])
def test_a_brand_that_is_not_one_of_the_databases_is_refused_with_those_that_are(
    database_url: str, tmp_path: Path, tenant: str | None
) -> None:
    two_brands(database_url)
    with pytest.raises(UnknownTenantError, match="world, other"):
        take(database_url, tmp_path, tenant=tenant)


def test_a_brand_without_facts_is_refused(database_url: str, tmp_path: Path) -> None:
    store(Planter().world, database_url)
    with pytest.raises(NoFactsError):
        take(database_url, tmp_path)
