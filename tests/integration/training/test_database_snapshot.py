"""A snapshot of a database holds one brand's facts, as known at one instant, and says what is missing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.parity.planted import NOON, Planter, ago
from tests.parity.stored import store
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


def test_the_same_facts_give_the_same_name(database_url: str, tmp_path: Path) -> None:
    two_brands(database_url)
    first, second = take(database_url, tmp_path, tenant="world"), take(database_url, tmp_path, tenant="world")
    assert first.content_hash == second.content_hash != take(database_url, tmp_path, tenant="other").content_hash


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
