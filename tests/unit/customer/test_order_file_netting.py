"""What returns take from which order, and when an order stops being valid."""

from pathlib import Path

import pytest

from tests.unit.customer.order_files import ReadFile, order, read

_MATCHES = "adjustment_key, order_key, amount_minor"
_DAY = "strftime(timezone('UTC', {}), '%m-%d')"


def given_back(order_id: str, day: str, amount: object = 4, **more: object) -> dict[str, object]:
    return order(order_id, day, amount) | {"is_return": "true", **more}


def test_a_return_under_the_orders_own_number_takes_from_that_order(tmp_path: Path) -> None:
    found = read(tmp_path, order("o1", "2026-01-05"), order("o2", "2026-01-06"), given_back("o1", "2026-01-09"))
    assert found.rows("order_adjustment_fact", _MATCHES) == [("o1#1", "o1", 400)]
    assert found.rows("order_fact", "order_key, total_minor, refunded_minor, invalid_at") == [
        ("o1", 1000, 400, None),
        ("o2", 1000, 0, None),
    ]


def test_a_return_takes_from_the_latest_earlier_order_containing_the_product(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05", product_id="p"),
        order("o2", "2026-01-06", product_id="p"),
        order("o3", "2026-01-07", product_id="q"),
        order("o4", "2026-01-20", product_id="p"),
        given_back("r1", "2026-01-09", product_id="p", quantity=-1),
    )
    assert found.rows("order_adjustment_fact", _MATCHES) == [("r1#1", "o2", 400)]


def test_a_return_of_a_product_never_bought_takes_from_the_latest_earlier_order(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05", product_id="p"),
        order("o2", "2026-01-06", product_id="q"),
        given_back("r1", "2026-01-09", product_id="z"),
    )
    assert found.rows("order_adjustment_fact", _MATCHES) == [("r1#1", "o2", 400)]


def test_a_return_before_any_order_or_by_a_stranger_matches_none(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o1", "2026-01-05"),
        given_back("r1", "2026-01-04"),
        given_back("r2", "2026-01-09", customer_id="c2"),
    )
    assert found.rows("order_adjustment_fact", _MATCHES) == [("r1#1", None, 400), ("r2#1", None, 400)]
    assert found.summary.customers == 2


@pytest.mark.parametrize("sign", [{"is_return": "yes"}, {"is_return": "", "quantity": "-2"}])
def test_the_sign_of_a_returned_amount_does_not_matter(tmp_path: Path, sign: dict[str, str]) -> None:
    row = order("r", "2026-01-09", -4) | sign
    assert read(tmp_path, order("o", "2026-01-05"), row).rows("order_adjustment_fact", _MATCHES) == [("r#1", "o", 400)]


def test_an_order_is_invalid_from_the_return_that_leaves_nothing_of_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o", "2026-01-05", 10),
        given_back("o", "2026-01-09", 4),
        given_back("o", "2026-01-12", 6, received_at="2026-01-15"),
        given_back("o", "2026-01-20", 1),
    )
    columns = f"{_DAY.format('invalid_at')}, {_DAY.format('invalid_received_at')}, refunded_minor"
    assert found.rows("order_fact", columns) == [("01-12", "01-15", 1100)]


def test_an_exchange_within_one_order_leaves_the_difference(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        order("o", "2026-01-05", 10, product_id="p", quantity=1),
        order("o", "2026-01-05", -4, product_id="q", quantity=-1),
    )
    assert found.rows("order_fact", "total_minor - refunded_minor, invalid_at") == [(600, None)]


def test_without_amounts_quantities_say_what_is_left(tmp_path: Path) -> None:
    def line(order_id: str, day: str, quantity: int) -> dict[str, object]:
        return {"customer_id": "c", "order_id": order_id, "ordered_at": day, "product_id": "p", "quantity": quantity}

    part = read(tmp_path, line("o", "2026-01-05", 3), line("r", "2026-01-06", -2))
    assert part.rows("order_fact", "invalid_at") == [(None,)]
    whole = read(tmp_path, line("o", "2026-01-05", 3), line("r", "2026-01-06", -2), line("s", "2026-01-07", -1))
    assert whole.rows("order_fact", _DAY.format("invalid_at")) == [("01-07",)]


def test_without_amounts_and_quantities_lines_say_what_is_left(tmp_path: Path) -> None:
    row = {"customer_id": "c", "order_id": "o", "ordered_at": "2026-01-05", "is_return": ""}
    found = read(tmp_path, row, row | {"ordered_at": "2026-01-06", "is_return": "true"})
    assert found.rows("order_fact", _DAY.format("invalid_at")) == [("01-06",)]


def test_online_retail_ii_is_recognised_and_read_by_its_own_rules(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "retail.parquet"
    duckdb.execute(
        f"""copy (select * from (values
          ('489434', '85048', 'BALL', 12, timestamp '2009-12-01 07:45', 6.95, 13085, 'United Kingdom', 'a', false),
          ('489434', 'POST', 'POSTAGE', 1, timestamp '2009-12-01 07:45', 4.0, 13085, 'United Kingdom', 'a', false),
          ('489434', '85048', 'BALL', 12, timestamp '2009-12-01 07:45', 6.95, 13085, 'United Kingdom', 'b', true),
          ('489435', '22041', 'FRAME', 1, timestamp '2009-12-01 08:00', 2.0, null, 'United Kingdom', 'a', false),
          ('A506401', 'B', 'Bad debt', 1, timestamp '2009-12-02 08:00', -53.0, 13085, 'United Kingdom', 'a', false),
          ('C489449', '85048', 'BALL', -2, timestamp '2009-12-09 10:33', 6.95, 13085, 'United Kingdom', 'a', false)
        ) as t(invoice, stock_code, description, quantity, invoice_ts, price, customer_id, country, sheet, overlap))
        to '{path}' (format parquet)"""
    )
    found = ReadFile(path, time_zone="Europe/London")
    assert (found.summary.layout, found.summary.currency, found.summary.ignored) == ("online-retail-ii", "GBP", 3)
    assert found.rows("order_fact", "order_key, customer_key, channel, total_minor, refunded_minor") == [
        ("489434", "13085", "WEB", 8740, 1390)
    ]
    assert found.rows("order_line_fact", "product_id, amount_minor", "line_number") == [("85048", 8340), (None, 400)]
    assert found.rows("order_adjustment_fact", "kind, order_key, product_id") == [("RETURN", "489434", "85048")]


def test_the_uci_names_and_american_dates_of_online_retail_are_understood_and_repeated_lines_dropped(
    tmp_path: Path,
) -> None:
    path = tmp_path / "online_retail.csv"
    line = "536365,85123A,HEART,6,12/1/2010 8:26,2.55,17850.0,United Kingdom"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n" + f"{line}\n{line}\n"
    )
    found = ReadFile(path)
    assert found.rows("order_fact", "order_key, customer_key, total_minor, local_day, local_hour") == [
        ("536365", "17850", 1530, 14944, 8)
    ]
    assert found.summary.repeated == 1


def test_the_cdnow_sample_is_recognised_and_its_purchases_get_numbers(tmp_path: Path) -> None:
    path = tmp_path / "cdnow.csv"
    path.write_text(
        "master_id,sample_id,date,cds,spend\n4,1,1997-01-01,2,29.33\n4,1,1997-01-01,1,9\n4,1,1997-02-01,0,0\n"
    )
    found = ReadFile(path)
    assert found.rows("order_fact", "order_key, total_minor, invalid_at is not null") == [
        ("4-19970101-1", 900, False),
        ("4-19970101-2", 2933, False),
        ("4-19970201-1", 0, True),
    ]
    assert (found.summary.layout, found.summary.currency) == ("cdnow", "USD")
