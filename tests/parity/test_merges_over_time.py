"""A merge, and its undoing, count from when they were known: the past keeps its features."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from profile_api.store.feature_vectors import connect_features, read_feature_vectors
from tests.parity.planted import NOON, Planter, ago
from tests.parity.stored import TENANT, store
from training.data.database_snapshot import snapshot_from_database
from training.data.examples import feature_frame
from training.data.spine import spine_of

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def two_customers(database_url: str) -> tuple[int, int]:
    """Ann spent 1.00, Bob 9.00."""
    planter = Planter()
    ann, bob = planter.customer(), planter.customer()
    planter.order(ann, ago(30), 100)
    planter.order(bob, ago(3), 900)
    store(planter.world, database_url)
    return ann, bob


def move(database_url: str, member: int, root: int) -> datetime:
    """Moves the pointer and returns the instant at which that was known."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        connection.execute("update customer set root_id = %s where id = %s", (root, member))
        row = connection.execute("select root_since from customer where id = %s", (member,)).fetchone()
    assert row is not None
    since = row[0]
    assert isinstance(since, datetime)
    return since


async def spent(database_url: str, customer: int, as_of: datetime) -> object:
    connection = await connect_features(database_url)
    vectors = await read_feature_vectors(connection, TENANT, [customer], as_of)
    await connection.close()
    return vectors.rows[0][vectors.columns.index("net_amount")]


@pytest.mark.anyio
async def test_a_merge_counts_from_the_instant_after_it_was_made(database_url: str) -> None:
    ann, bob = two_customers(database_url)
    merged_at = move(database_url, bob, ann)
    assert await spent(database_url, ann, NOON) == 100
    assert await spent(database_url, ann, merged_at) == 100
    assert await spent(database_url, ann, merged_at + timedelta(microseconds=1)) == 1000


@pytest.mark.anyio
async def test_an_unmerge_gives_back_and_the_time_between_stays_merged(database_url: str) -> None:
    ann, bob = two_customers(database_url)
    merged_at = move(database_url, bob, ann)
    unmerged_at = move(database_url, bob, bob)
    assert merged_at < unmerged_at
    assert [await spent(database_url, ann, at) for at in (merged_at, unmerged_at, LATER)] == [100, 1000, 100]
    assert [await spent(database_url, bob, at) for at in (merged_at, LATER)] == [900, 900]


def test_training_sees_the_absorbed_customer_in_the_past_and_the_merged_one_afterwards(
    database_url: str, tmp_path: Path
) -> None:
    ann, bob = two_customers(database_url)
    merged_at = move(database_url, bob, ann)
    snapshot = snapshot_from_database(database_url, tmp_path / "snapshot", known_before=LATER)
    after = merged_at + timedelta(days=1)
    spine = spine_of(snapshot, [(ann, NOON), (bob, NOON), (ann, after), (bob, after)])
    frame = feature_frame(snapshot, spine)
    found = zip(spine["customer_id"].to_pylist(), spine["as_of"].to_pylist(), frame.column("net_amount"), strict=True)
    assert {(customer, as_of): amount for customer, as_of, amount in found} == {
        (ann, NOON): 100, (bob, NOON): 900, (ann, after): 1000, (bob, after): 0,
    }  # fmt: skip


def test_moving_twice_in_one_transaction_leaves_no_membership_nobody_saw(database_url: str) -> None:
    ann, bob = two_customers(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("update customer set root_id = %s where id = %s", (ann, bob))
        connection.execute("update customer set root_id = %s where id = %s", (bob, bob))
        rows = connection.execute("select member_id, customer_id from past_membership").fetchall()
    assert rows == [(bob, bob)]
