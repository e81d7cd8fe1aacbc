"""Which rows of an order file count, and why the others do not."""

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.customer.order_files import ReadFile, order, read, write_csv


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (order("o", "2026-01-05", customer=""), "customer_id is missing"),
        (order("o", "2026-01-05", customer="null"), "customer_id is a placeholder"),
        (order("o", "2026-01-05", customer="0000"), "customer_id is a placeholder"),
        (order(" ", "2026-01-05"), "order_id is missing"),
        (order("o", ""), "ordered_at is missing"),
        (order("o", "yesterday"), "ordered_at is not a date: xxxxxxxxx"),
        (order("o", "2026-02-30"), "ordered_at is not a date"),
        (order("o", "infinity"), "ordered_at is not a date"),
        (order("o", "0026-01-05"), "ordered_at is before 1900"),
        (order("o", "2026-07-02"), "ordered_at is in the future"),
        (order("o", "2026-01-05", received_at="2026-07-02"), "received_at is in the future"),
        (order("o", "2026-01-05", received_at="soon"), "received_at is not a date"),
        (order("o", "2026-01-05", "NaN"), "amount is not a number"),
        (order("o", "2026-01-05", "inf"), "amount is not a number"),
        (
            order("o", "2026-01-05", "12,50 EUR"),
            "amount is not a number: 00,00 xxx (decimals take a point, thousands no mark)",
        ),
        (order("o", "2026-01-05", ""), "amount is missing"),
        (order("o", "2026-01-05", -4), "negative amount, but not a return"),
        (order("o", "2026-01-05", 1e15), "amount or quantity is out of range"),
        (order("o", "2026-01-05", quantity="many"), "quantity is not a number"),
        (order("o", "2026-01-05", is_return="maybe"), "is_return is neither true nor false"),
    ],
)
def test_a_row_that_cannot_be_an_order_is_rejected_by_number_and_reason(
    tmp_path: Path, row: dict[str, object], reason: str
) -> None:
    found = read(tmp_path, order("good", "2026-01-05", customer="c9"), row)
    [(number, said)] = found.rejects()
    assert number == 2
    assert said.startswith(reason)
    assert found.rows("order_fact", "order_key") == [("good",)]


def test_a_row_with_more_values_than_columns_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("customer_id,order_id,ordered_at\nc,o1,2026-01-05\nc,o2,2026-01-05,surplus\n")
    assert ReadFile(path).rejects() == [(2, "more values than the header has columns")]


def test_a_row_that_ends_early_lacks_its_last_columns(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("customer_id,order_id,ordered_at\nc,o1,2026-01-05\nc,o2\n")
    assert ReadFile(path).rejects() == [(2, "ordered_at is missing")]


def test_an_order_of_several_customers_belongs_to_the_earliest(tmp_path: Path) -> None:
    found = read(tmp_path, order("o", "2026-01-06", 5, "late"), order("o", "2026-01-05", 7, "early"))
    assert found.rows("order_fact", "customer_key, total_minor") == [("early", 700)]
    assert found.rejects() == [(1, "order o already belongs to another customer")]


def test_amounts_of_another_currency_are_not_added_up(tmp_path: Path) -> None:
    rows = [order(f"o{n}", "2026-01-05", currency="GBP") for n in range(2)]
    found = read(tmp_path, *rows, order("o9", "2026-01-05", currency="USD"))
    assert found.summary.currency == "GBP"
    assert found.rejects() == [(3, "currency is USD but amounts are kept in GBP; convert it first")]


def test_later_rows_do_not_choose_the_currency_of_earlier_ones(tmp_path: Path) -> None:
    later = [order(f"o{n}", "2026-03-05", currency="USD") for n in range(3)]
    rows = [order("o9", "2026-01-05", currency="GBP"), *later]
    found = read(tmp_path, *rows, known_before=datetime(2026, 2, 1, tzinfo=UTC))
    assert found.summary.currency == "GBP"
    assert (found.summary.orders, found.summary.rejected, found.summary.ignored) == (1, 0, 3)


def test_a_row_repeated_in_full_counts_once(tmp_path: Path) -> None:
    row = order("o", "2026-01-05", product_id="p")
    found = read(tmp_path, row, row, row | {"product_id": "q"})
    assert found.rows("order_fact", "total_minor, line_count") == [(2000, 2)]
    assert found.summary.repeated == 1


def test_equal_lines_count_each_where_products_are_not_named_unless_the_whole_order_is_repeated(tmp_path: Path) -> None:
    one, other = order("o", "2026-01-05", 3), order("o", "2026-01-05", 4)
    twice = order("whole", "2026-01-05", 5)
    found = read(tmp_path, one, one, other, twice, twice)
    assert found.rows("order_fact", "order_key, total_minor") == [("o", 1000), ("whole", 500)]


def test_an_order_worth_nothing_was_never_valid(tmp_path: Path) -> None:
    found = read(tmp_path, order("o", "2026-01-05", 0))
    assert found.rows("order_fact", "total_minor, invalid_at = ordered_at") == [(0, True)]


def test_nul_characters_in_a_file_do_no_harm(tmp_path: Path) -> None:
    found = read(tmp_path, order("o1", "2026-01-05", product_id="p\0q"), order("o\0", "2026-01-05"))
    assert found.rows("order_line_fact", "product_id", "order_key") == [(None,), ("pq",)]
    assert found.rows("order_fact", "order_key") == [("o",), ("o1",)]


_TEXT = st.one_of(
    st.sampled_from(
        ["c1", "c2", "o1", "o2", "o3", "2026-01-05", "2026-02-01T10:00:00Z", "10", "-3", "2.5", "NaN", "true"]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12),
)
_ROW = st.fixed_dictionaries(
    {
        "customer_id": st.one_of(st.sampled_from(["c1", "c2", "c3"]), _TEXT),
        "order_id": st.one_of(st.sampled_from(["o1", "o2", "o3"]), _TEXT),
        "ordered_at": st.one_of(st.dates().map(str), st.sampled_from(["2026-01-05", "2026-02-05"]), _TEXT),
        "amount": st.one_of(st.integers(-5, 100).map(str), _TEXT),
        "quantity": st.one_of(st.integers(-2, 5).map(str), _TEXT),
        "product_id": st.sampled_from(["p1", "p2", ""]),
        "is_return": st.sampled_from(["", "true", "false", "no"]),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROW, min_size=1, max_size=12))
def test_every_row_of_a_messy_file_is_accounted_for_and_money_is_conserved(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    found = ReadFile(write_csv(tmp_path / "messy.csv", rows))
    counted = found.summary
    assert counted.rows == counted.rejected + counted.ignored + counted.repeated + counted.lines + counted.adjustments
    [(lines,)] = found.rows("order_line_fact", "coalesce(sum(amount_minor), 0)")
    [(totals, refunded)] = found.rows("order_fact", "coalesce(sum(total_minor), 0), coalesce(sum(refunded_minor), 0)")
    [(matched,)] = found.rows("order_adjustment_fact where order_key is not null", "coalesce(sum(amount_minor), 0)")
    assert lines == totals
    assert matched == refunded
    assert found.rows("order_fact", "count(*)") == [
        (len({row[0] for row in found.rows("order_line_fact", "order_key")}),)
    ]
    assert not found.rows("order_fact where invalid_at < ordered_at", "order_key")
    assert not found.rows(
        "order_adjustment_fact join order_fact using (order_key, customer_key) "
        "where order_adjustment_fact.occurred_at < order_fact.ordered_at",
        "order_key",
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROW, min_size=2, max_size=10), seed=st.integers())
def test_the_order_of_rows_and_rows_repeated_in_full_change_no_order(
    tmp_path: Path, rows: list[dict[str, str]], seed: int
) -> None:
    shuffled = [*rows, *random.Random(seed).sample(rows, k=1)]
    random.Random(seed).shuffle(shuffled)
    columns = "order_key, customer_key, ordered_at::varchar, total_minor, refunded_minor, invalid_at::varchar"
    before = ReadFile(write_csv(tmp_path / "before.csv", rows)).rows("order_fact", columns)
    after = ReadFile(write_csv(tmp_path / "after.csv", shuffled)).rows("order_fact", columns)
    assert Counter(before) == Counter(after)
