"""What an order file may look like, and what is said when it may not."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from customer.order_file.errors import (
    EmptyFileError,
    MappingError,
    MissingColumnError,
    OrderFileError,
    OrderFileNotFoundError,
    UnknownFormatError,
    UnreadableFileError,
)
from tests.unit.customer.order_files import ReadFile, order, read, write_csv


def test_a_file_of_one_row_per_order_becomes_orders_of_one_line(tmp_path: Path) -> None:
    found = read(tmp_path, order("o1", "2026-01-05", 12.34), order("o2", "2026-02-05", 5, "c2"))
    assert found.rows("order_fact", "order_key, customer_key, total_minor, line_count, local_day") == [
        ("o1", "c1", 1234, 1, 20458),
        ("o2", "c2", 500, 1, 20489),
    ]
    assert (found.summary.orders, found.summary.lines, found.summary.customers) == (2, 2, 2)


def test_rows_of_one_order_are_its_lines_and_add_up(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05 10:00", 10, product_id="p1", category="Tea"),
        order("o1", "2026-01-05 10:00", 25, product_id="p2", category="Pots"),
    )
    assert found.rows("order_fact", "total_minor, line_count, main_category") == [(3500, 2, "Pots")]
    assert found.rows("order_line_fact", "line_number, product_id, amount_minor") == [(1, "p1", 1000), (2, "p2", 2500)]


def test_amounts_follow_from_quantity_and_unit_price(tmp_path: Path) -> None:
    row = {"customer_id": "c", "order_id": "o", "ordered_at": "2026-01-05", "quantity": 3, "unit_price": 1.25}
    assert read(tmp_path, row).rows("order_fact", "total_minor") == [(375,)]


def test_a_file_without_any_amount_gives_orders_without_totals(tmp_path: Path) -> None:
    found = read(tmp_path, {"customer_id": "c", "order_id": "o", "ordered_at": "2026-01-05"})
    assert not found.summary.has_amounts
    assert found.rows("order_fact", "total_minor, invalid_at") == [(None, None)]


def test_columns_can_be_renamed(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "o.csv", [{"client": "c", "number": "o", "when": "2026-01-05", "amount": 1}])
    found = ReadFile(path, mapping={"client": "customer_id", "number": "order_id", "when": "ordered_at"})
    assert found.summary.orders == 1


@pytest.mark.parametrize("name", ["orders.csv.gz", "orders.tsv", "orders.CSV"])
def test_compression_delimiters_and_upper_case_names_are_understood(tmp_path: Path, name: str) -> None:
    delimiter = "\t" if "tsv" in name else ";"
    text = "\n".join(
        delimiter.join(row) for row in [("customer_id", "order_id", "ordered_at"), ("c", "o", "2026-01-05")]
    )
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode("utf-8-sig"))
    assert ReadFile(path).summary.orders == 1


def test_parquet_types_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    duckdb.execute(
        "copy (select 13085.0::double as customer_id, 7 as order_id, timestamp '2026-01-05 10:00' as ordered_at, "
        f"12.5::decimal(9, 2) as amount) to '{path}' (format parquet)"
    )
    found = ReadFile(path)
    assert found.rows("order_fact", "customer_key, order_key, total_minor, local_hour") == [("13085", "7", 1250, 10)]


def test_further_columns_are_kept_as_properties(tmp_path: Path) -> None:
    found = read(tmp_path, order("o1", "2026-01-05", gift="yes"))
    assert found.rows("order_fact", "properties") == [('{"gift":"yes"}',)]


def test_everyday_words_for_channels_are_understood(tmp_path: Path) -> None:
    words = ["online", "STORE", "call center", "pigeon", ""]
    found = read(tmp_path, *(order(f"o{n}", "2026-01-05", channel=word) for n, word in enumerate(words)))
    assert [row[0] for row in found.rows("order_fact", "channel", "order_key")] == [
        *("WEB", "STORE", "CALL_CENTRE", "OTHER", "OTHER")
    ]


@pytest.mark.parametrize(
    ("written", "local_day", "local_hour"),
    [
        ("2026-03-29 01:30", 20541, 1),  # the night the clocks of Paris spring forward
        ("2026-03-29 03:30", 20541, 3),
        ("2026-03-29T00:30:00Z", 20541, 1),
        ("2025-10-26 00:30", 20387, 0),  # and the night they fall back, 25 hours long
        ("2025-10-26T22:30:00Z", 20387, 23),
        ("2025-10-26T23:00:00Z", 20388, 0),
        ("20260105", 20458, 0),
    ],
)
def test_local_days_and_hours_are_those_of_the_time_zone(
    tmp_path: Path, written: str, local_day: int, local_hour: int
) -> None:
    found = read(tmp_path, order("o", written), time_zone="Europe/Paris")
    assert found.rows("order_fact", "local_day, local_hour") == [(local_day, local_hour)]


def test_yen_have_no_minor_unit_and_dinars_have_three_digits(tmp_path: Path) -> None:
    assert read(tmp_path, order("o", "2026-01-05", 1200, currency="JPY")).rows(
        "order_fact", "total_minor, currency"
    ) == [(1200, "JPY")]
    assert read(tmp_path, order("o", "2026-01-05", 1.5, currency="KWD")).rows("order_fact", "total_minor") == [(1500,)]


def test_what_is_not_known_before_an_instant_is_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05"),
        order("o2", "2026-01-06"),
        order("o3", "2026-01-04", received_at="2026-01-07"),
        known_before=datetime(2026, 1, 6, tzinfo=UTC),
    )
    assert found.rows("order_fact", "order_key") == [("o1",)]
    assert found.summary.ignored == 2


def test_an_order_counts_as_received_when_its_last_line_was(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05", received_at="2026-01-06", product_id="a"),
        order("o1", "2026-01-05", received_at="2026-01-09", product_id="b"),
    )
    assert found.rows("order_fact", "strftime(timezone('UTC', received_at), '%d')") == [("09",)]


def test_an_absent_file_is_named() -> None:
    with pytest.raises(OrderFileNotFoundError, match=r"no file .*nowhere\.csv"):
        ReadFile(Path("nowhere.csv"))


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("orders.xlsx", b"PK\3\4 a workbook", UnknownFormatError, r"expected a name ending in \.csv"),
        ("orders.csv", b"", EmptyFileError, "holds no rows"),
        ("orders.csv", b"customer_id,order_id,ordered_at\n", EmptyFileError, "holds no rows"),
        ("orders.csv", b"\n\n", EmptyFileError, "holds no rows"),
        ("orders.csv", b"customer_id,order_id\na,b\n", MissingColumnError, "no column ordered_at; found customer_id"),
        ("orders.csv", b"customer_id,customer_id\na,b\n", UnreadableFileError, "names a column twice"),
        ("orders.csv", b"customer_id,order_id,ordered_at\n\xe9,1,2026-01-05\n", UnreadableFileError, "not UTF-8"),
        ("orders.csv", b"\xff\xfe\x00,order_id\n", UnreadableFileError, "not UTF-8"),
        ("orders.csv.gz", b"customer_id,order_id,ordered_at\n", UnreadableFileError, "not a gzip file"),
        ("orders.parquet", b"customer_id,order_id,ordered_at\n", UnreadableFileError, "not Parquet"),
        ("orders.parquet", b"PAR1 and no more", UnreadableFileError, "Parquet"),
    ],
)
def test_a_file_that_holds_no_orders_is_refused_in_plain_words(
    tmp_path: Path, name: str, content: bytes, error: type[OrderFileError], says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error, match=says):
        ReadFile(path)


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"nope": "order_id"}, "no column 'nope'"),
        ({"amount": "price"}, "'price' is not one of our columns"),
        ({"amount": "quantity", "order_id": "quantity"}, "mapped to the same name"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, mapping: dict[str, str], says: str) -> None:
    with pytest.raises(MappingError, match=says):
        read(tmp_path, order("o", "2026-01-05"), mapping=mapping)
