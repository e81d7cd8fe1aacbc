"""A snapshot of an order file is what the file says, frozen, named by its content, and read back bucket by bucket."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from customer.order_file import read_order_file
from training.data import snapshot as snapshots
from training.data.examples import feature_frame, labels
from training.data.order_snapshot import NoOrdersError, snapshot_from_orders
from training.data.snapshot import Snapshot, SnapshotExistsError, SnapshotMissingError, open_snapshot
from training.data.spine import build_spine
from training.judging.held_out import split_customers

NOW = datetime(2025, 1, 1, tzinfo=UTC)
MAY = datetime(2024, 5, 1, tzinfo=UTC)
HEADER = "customer_id,order_id,ordered_at,amount\n"
ROWS = (
    "ann,o1,2024-01-10T10:00:00Z,10.00\n",
    "ann,o2,2024-02-10T10:00:00Z,20.00\n",
    "bob,o3,2024-03-01T10:00:00Z,30.00\n",
    "eve,o4,2024-04-30T23:59:59Z,40.00\n",
    "ann,o5,2024-05-01T00:00:00Z,50.00\n",
)


def freeze(folder: Path, rows: tuple[str, ...] = ROWS, *, known_before: datetime = NOW) -> Snapshot:
    file = folder / "orders.csv"
    file.write_text(HEADER + "".join(rows))
    number = len(list(folder.glob("snapshot*")))
    target = folder / f"snapshot{number} of the brand's"
    snapshot, _ = snapshot_from_orders(file, target, known_before=known_before, now=NOW)
    return snapshot


def test_a_snapshot_is_found_again_as_it_was(tmp_path: Path) -> None:
    snapshot = freeze(tmp_path)
    assert open_snapshot(snapshot.folder) == snapshot
    assert snapshot.customer_count == 3
    assert snapshot.has_amounts


def test_customers_keep_their_own_keys(tmp_path: Path) -> None:
    table = pq.read_table(freeze(tmp_path).folder / "feature_customer")
    assert dict(zip(table["customer_key"].to_pylist(), table["customer_id"].to_pylist(), strict=True)) == {
        "ann": 1, "bob": 2, "eve": 3,
    }  # fmt: skip


def test_the_same_facts_in_another_order_have_the_same_name_and_others_another(tmp_path: Path) -> None:
    assert freeze(tmp_path).content_hash == freeze(tmp_path, ROWS[::-1]).content_hash
    assert freeze(tmp_path).content_hash != freeze(tmp_path, (*ROWS[:-1], ROWS[-1].replace("50", "51"))).content_hash


def test_what_was_not_known_yet_is_not_in_it(tmp_path: Path) -> None:
    early = freeze(tmp_path, known_before=MAY)
    assert early.content_hash == freeze(tmp_path, ROWS[:-1], known_before=MAY).content_hash
    assert early.row_counts["feature_order"] == 4


def test_a_snapshot_is_never_overwritten_and_never_half_one(tmp_path: Path) -> None:
    snapshot = freeze(tmp_path)
    with pytest.raises(SnapshotExistsError):
        snapshot_from_orders(tmp_path / "orders.csv", snapshot.folder, known_before=NOW, now=NOW)
    (snapshot.folder / "snapshot.json").unlink()
    with pytest.raises(SnapshotMissingError):
        open_snapshot(snapshot.folder)


def test_a_file_without_usable_orders_is_refused_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(NoOrdersError, match=r"'orders\.csv' .* none of its 5 rows had happened, .* by 2020-01-01"):
        freeze(tmp_path, known_before=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(NoOrdersError, match=r"2 of 2 rows cannot be used, the first of them row 1: amount is not a"):
        freeze(tmp_path, ("ann,o1,2024-01-10T10:00:00Z,ten\n", "ann,o2,2024-01-11T10:00:00Z,ten\n"))


def test_rows_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    file, said = tmp_path / "orders.csv", list[str]()
    file.write_text(HEADER + "".join(ROWS) + "bob,o6,2024-13-01,1\n" + "bob,o7,2024-12-01\n" + "bob,o8,,1\n")
    snapshot_from_orders(file, tmp_path / "snapshot", known_before=NOW, now=NOW, complain=said.append)
    [sentence] = said
    assert sentence.startswith(
        "orders.csv: 3 of 8 rows cannot be used, the first of them row 6: ordered_at is not a date"
    )


def test_a_file_of_nothing_but_returns_is_called_so(tmp_path: Path) -> None:
    file = tmp_path / "returns.csv"
    file.write_text(
        "customer_id,order_id,ordered_at,amount,is_return\n"
        "ann,o1,2024-01-10,10.00,true\nbob,o2,2024-01-11,20.00,true\nbob,o3,soon,20.00,true\n"
    )
    said = (
        r"'returns.csv' holds no orders to go by: 2 of its rows are returns, none an order; 1 of 3 rows cannot be used"
    )
    with pytest.raises(NoOrdersError, match=said):
        snapshot_from_orders(file, tmp_path / "snapshot", known_before=NOW, now=NOW)


def keys(snapshot: Snapshot) -> dict[int, str]:
    table = pq.read_table(snapshot.folder / "feature_customer")
    return dict(zip(table["customer_id"].to_pylist(), table["customer_key"].to_pylist(), strict=True))


def by_row(snapshot: Snapshot) -> dict[tuple[str, object], list[float]]:
    """Features and outcomes by customer and instant."""
    spine, names = build_spine(snapshot, [MAY, NOW]), keys(snapshot)
    frame, outcome = feature_frame(snapshot, spine), labels(snapshot, spine, horizon_days=30)
    values = np.column_stack([np.nan_to_num(frame.values, nan=-1), outcome.order_count, outcome.net_minor])
    rows = zip(frame.customer_id.tolist(), frame.as_of.tolist(), values.tolist(), strict=True)
    return {(names[number], as_of): found for number, as_of, found in rows}


def test_other_names_of_customers_and_orders_are_the_same_facts(tmp_path: Path) -> None:
    renamed = tuple(row.replace("ann,o", "zoe,z").replace("bob,o", "amy,a") for row in ROWS)
    assert renamed != ROWS
    assert freeze(tmp_path, renamed[::-1]).content_hash == freeze(tmp_path).content_hash


def test_the_number_of_buckets_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(f"c{n % 7},x{n},2024-{1 + n % 6:02}-{1 + n % 27:02}T10:00:00Z,{n}.00\n" for n in range(1, 80))
    whole = freeze(tmp_path, rows)
    monkeypatch.setattr(snapshots, "CUSTOMERS_PER_BUCKET", 2)
    split = freeze(tmp_path, rows)
    assert (whole.bucket_count, split.bucket_count) == (1, 4)
    assert whole.content_hash == split.content_hash
    assert all(number % 4 == int(file.stem) for file in (split.folder / "feature_customer").iterdir()
               for number in pq.read_table(file)["customer_id"].to_pylist())  # fmt: skip
    assert by_row(whole) == by_row(split)


MESSY = "customer_id,order_id,ordered_at,product_id,amount,is_return\n" + "".join(
    f"c{(n // 4 + (n % 13 == 0)) % 7},x{n // 2},2024-{1 + n // 2 % 6:02}-{1 + n % 27:02},"
    f"p{n % 5},{n % 9}.50,{n % 11 == 0}\n"
    for n in [*range(160), *range(0, 160, 7)]
)
"""Orders that several customers claim, rows repeated in full, returns."""


def test_a_file_in_shares_says_what_the_whole_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "messy.csv"
    for text in (MESSY, MESSY.replace(",product_id", ",colour")):  # equal lines of unnamed products count each
        file.write_text(text)
        monkeypatch.setattr(snapshots, "CUSTOMERS_PER_BUCKET", 50_000)
        whole, counted = snapshot_from_orders(file, tmp_path / f"whole{len(text)}", known_before=NOW, now=NOW)
        monkeypatch.setattr(snapshots, "CUSTOMERS_PER_BUCKET", 3)
        split, added_up = snapshot_from_orders(file, tmp_path / f"split{len(text)}", known_before=NOW, now=NOW)
        with duckdb.connect() as connection:
            assert counted == added_up == read_order_file(connection, file, now=NOW, known_before=NOW)
        assert counted.rejected
        assert bool(counted.repeated) == ("product_id" in text)
        assert counted.adjustments
        assert split.bucket_count > whole.bucket_count == 1
        assert whole.content_hash == split.content_hash
        assert by_row(whole) == by_row(split)


def test_a_sample_looks_at_whole_buckets_and_says_of_how_many_customers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple(f"c{n % 40},x{n},2024-{1 + n % 6:02}-{1 + n % 27:02}T10:00:00Z,{n}.00\n" for n in range(120))
    monkeypatch.setattr(snapshots, "CUSTOMERS_PER_BUCKET", 10)
    whole = freeze(tmp_path, rows)
    sample = whole.sample(20)
    assert len(sample.buckets) < whole.bucket_count
    assert sample.sample_of == 40
    assert whole.sample(40) is whole
    assert whole.sample_of is None
    wanted = [number for number in keys(whole) if number % whole.bucket_count in sample.buckets]
    assert sorted(build_spine(sample, [NOW])["customer_id"].to_pylist()) == sorted(wanted)
    part = split_customers(sample, tmp_path / "parts", every=2)
    assert part.learning.customer_count + part.held_out.customer_count == len(wanted)
