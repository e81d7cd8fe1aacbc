"""How a spine is cut: in its order, nothing lost, and never more facts at once than memory has room for."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from training.data.pieces import FACTS_AT_ONCE, ROWS_AT_ONCE, pieces
from training.data.snapshot import CUSTOMERS, Snapshot


def snapshot(*, customers: int, facts: int, buckets: int = 1) -> Snapshot:
    return Snapshot(
        folder=Path("nowhere"), content_hash="", known_before=datetime(2026, 1, 1, tzinfo=UTC), time_zone="UTC",
        currency="EUR", has_amounts=True, bucket_count=buckets,
        row_counts={"feature_order": facts, CUSTOMERS: customers},
    )  # fmt: skip


def spine(rows: int, *, buckets: int = 1) -> pa.Table:
    return pa.table({"bucket": [row * buckets // rows for row in range(rows)], "row": range(rows)})


def test_pieces_are_the_spine_in_its_order() -> None:
    found = list(pieces(snapshot(customers=10, facts=FACTS_AT_ONCE, buckets=3), spine(100, buckets=3)))
    assert [row for piece in found for row in piece.rows["row"].to_pylist()] == list(range(100))
    assert all(set(piece.rows["bucket"].to_pylist()) == {piece.bucket} for piece in found)


@pytest.mark.parametrize(
    ("facts_of_customer", "expected"), [(1, ROWS_AT_ONCE), (80, ROWS_AT_ONCE), (800, FACTS_AT_ONCE // 800)]
)
def test_customers_with_many_facts_go_in_smaller_pieces(facts_of_customer: int, expected: int) -> None:
    facts = 1_000_000 * (facts_of_customer - 1)  # and one, the customer's own row
    found = pieces(snapshot(customers=1_000_000, facts=facts), spine(3 * expected))
    assert [piece.rows.num_rows for piece in found] == [expected] * 3


def test_whoever_has_more_facts_than_fit_goes_alone() -> None:
    found = pieces(snapshot(customers=1, facts=10 * FACTS_AT_ONCE), spine(5))
    assert [piece.rows.num_rows for piece in found] == [1] * 5


def test_no_facts_are_no_trouble() -> None:
    assert sum(piece.rows.num_rows for piece in pieces(snapshot(customers=0, facts=0), spine(7))) == 7
