"""Segment-like calls in the database: touchpoints, orders among them, traits, consents."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from customer.order_file.errors import EmptyFileError, MissingColumnError
from profile_api.ingest.events import import_events
from profile_api.ingest.orders import import_orders
from tests.integration.ingest.reading import fact_counts, one, rows
from tests.unit.customer.order_files import order, write_csv

NOW = datetime(2026, 7, 1, tzinfo=UTC)
_PRODUCTS = [
    {"product_id": "P-88", "category": "Garden", "price": 60, "quantity": 1},
    {"product_id": "P-2", "category": "Tools", "price": 2, "quantity": 2},
]


def call(event: str, day: str = "2026-03-02T09:30:12.984Z", **more: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "u1", "event": event, "messageId": f"{event} {day}", "timestamp": day, **more}


def ndjson(folder: Path, *calls: Mapping[str, Any] | str) -> Path:
    path = folder / "calls.ndjson"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in calls))
    return path


def test_calls_become_touchpoints_with_type_channel_and_identity(database_url: str, tmp_path: Path) -> None:
    file = ndjson(
        tmp_path,
        call("Product Viewed", anonymousId="a1", context={"channel": "browser", "campaign": {"name": "spring"}}),
        call("Ticket Opened", properties={"channel": "phone", "store_id": "NTE1"}),
        {"type": "page", "anonymousId": "a1", "name": "Home", "timestamp": "2026-03-01T09:00:00Z"},
        call("Product Viewed", anonymousId="a1"),
    )
    summary = import_events(database_url, file, now=NOW)
    assert (summary.customers_inserted, summary.events_inserted, summary.identities_inserted) == (1, 3, 1)
    assert rows(
        database_url, "select name, type, channel, store_id, campaign from event order by occurred_at, name"
    ) == [
        ("Page Viewed", "BROWSE", "OTHER", None, None),
        ("Product Viewed", "BROWSE", "WEB", None, "spring"),
        ("Ticket Opened", "SERVICE", "CALL_CENTRE", "NTE1", None),
    ]


def test_a_completed_order_becomes_an_order_worth_its_total_without_tax(database_url: str, tmp_path: Path) -> None:
    properties = {"order_id": "A-1", "total": 76.8, "tax": 12.8, "discount": 5, "products": _PRODUCTS}
    import_events(database_url, ndjson(tmp_path, call("Order Completed", properties=properties)), now=NOW)
    assert rows(
        database_url, "select order_key, total_minor, discount_minor, line_count, main_category from customer_order"
    ) == [("A-1", 6400, 500, 2, "Garden")]
    assert rows(database_url, "select product_id, amount_minor from order_line order by line_number") == [
        ("P-88", 6000),
        ("P-2", 400),
    ]
    assert one(database_url, "select order_id is not null from event") is True


@pytest.mark.parametrize(
    ("properties", "worth"),
    [({"revenue": 64}, 6400), ({"products": _PRODUCTS}, 6400), ({}, None), ({"total": 10, "revenue": 8}, 1000)],
)
def test_what_an_order_is_worth_is_taken_from_what_the_call_says(
    database_url: str, tmp_path: Path, properties: dict[str, Any], worth: int | None
) -> None:
    file = ndjson(tmp_path, call("Order Completed", properties={"order_id": "A", **properties}))
    import_events(database_url, file, now=NOW)
    assert one(database_url, "select total_minor from customer_order") == worth


@pytest.mark.parametrize(
    ("event", "properties", "left", "is_valid"),
    [
        ("Order Refunded", {}, 0, False),
        ("Order Refunded", {"total": 4}, 6000, True),
        ("Order Refunded", {"products": [{"product_id": "P-2", "price": 2, "quantity": 2}]}, 6000, True),
        ("Order Cancelled", {}, 0, False),
    ],
)
def test_refunds_and_cancellations_take_from_their_order(
    database_url: str, tmp_path: Path, event: str, properties: dict[str, Any], left: int, is_valid: bool
) -> None:
    file = ndjson(
        tmp_path,
        call("Order Completed", properties={"order_id": "A", "total": 64}),
        call(event, "2026-03-09T00:00:00Z", properties={"order_id": "A", **properties}),
        call("Order Refunded", "2026-03-10T00:00:00Z", properties={"order_id": "unknown", "total": 3}),
    )
    import_events(database_url, file, now=NOW)
    assert rows(database_url, "select net_minor, invalid_at is null from customer_order") == [(left, is_valid)]


def test_identify_calls_state_traits_and_identities(database_url: str, tmp_path: Path) -> None:
    file = ndjson(
        tmp_path,
        {"type": "identify", "userId": "u1", "timestamp": "2026-01-01T00:00:00Z",
         "traits": {"email": "Jo@B.fr", "firstName": "Jo", "plan": "basic"}},
        {"type": "identify", "userId": "u1", "timestamp": "2026-02-01T00:00:00Z",
         "traits": {"plan": "gold", "age": 40}},
    )  # fmt: skip
    import_events(database_url, file, now=NOW)
    assert one(database_url, "select value from identity where type = 'EMAIL'") == "jo@b.fr"
    assert one(database_url, "select traits from source_record") == {"given_name": "Jo", "plan": "gold", "age": 40}
    assert one(database_url, "select given_name from customer") == "Jo"
    assert one(database_url, "select count(*) from event") == 0


def test_consent_changes_are_kept_per_purpose(database_url: str, tmp_path: Path) -> None:
    consent = {"consent": {"categoryPreferences": {"Marketing": True, "Profiling": False}}}
    import_events(database_url, ndjson(tmp_path, call("Segment Consent Preference Updated", context=consent)), now=NOW)
    assert rows(database_url, "select purpose, status from consent order by 1") == [
        ("MARKETING", "GRANTED"),
        ("PROFILING", "DENIED"),
    ]


def test_importing_the_same_calls_again_writes_nothing(database_url: str, tmp_path: Path) -> None:
    nameless = {key: value for key, value in call("Product Viewed").items() if key != "messageId"}
    consent = {"consent": {"categoryPreferences": {"Marketing": True}}}
    file = ndjson(
        tmp_path,
        nameless,
        call("Order Completed", properties={"order_id": "A", "total": 64}),
        call("Order Refunded", properties={"order_id": "A"}),
        call("Segment Consent Preference Updated", context=consent),
    )
    import_events(database_url, file, now=NOW)
    before = fact_counts(database_url) | {"consent": one(database_url, "select count(*) from consent")}
    again = import_events(database_url, file, now=NOW)
    assert fact_counts(database_url) | {"consent": one(database_url, "select count(*) from consent")} == before
    assert (again.events_inserted, again.orders_inserted, again.consents_inserted, again.customers_touched) == (0,) * 4


def test_an_order_told_by_a_file_and_by_a_call_is_one_order_with_one_touchpoint(
    database_url: str, tmp_path: Path
) -> None:
    import_orders(database_url, write_csv(tmp_path / "o.csv", [order("A", "2026-03-02", 64, "u1")]), now=NOW)
    import_events(
        database_url, ndjson(tmp_path, call("Order Completed", properties={"order_id": "A", "total": 64})), now=NOW
    )
    assert one(database_url, "select count(*) from customer_order") == 1
    assert one(database_url, "select count(*) from event") == 1


def test_calls_that_cannot_be_are_listed_by_line_and_reason(database_url: str, tmp_path: Path) -> None:
    file = ndjson(
        tmp_path,
        call("Product Viewed"),
        "not json",
        "[1, 2]",
        call("Product Viewed", userId="null"),
        call(""),
        call("Product Viewed", "2027-01-01T00:00:00Z"),
        call("Product Viewed", "some day"),
        {"type": "group", "userId": "u1", "groupId": "g", "timestamp": "2026-01-01T00:00:00Z"},
        call("Order Completed"),
        call("Order Completed", properties={"order_id": "A", "total": -3}),
        call("Order Completed", properties={"order_id": "A", "currency": "USD"}),
        call("Product Viewed", messageId="x" * 101),
    )
    summary = import_events(database_url, file, now=NOW)
    assert (summary.rows, summary.rejected, summary.events_inserted) == (12, 11, 1)
    assert summary.rejects_file is not None
    assert Path(summary.rejects_file).read_text().splitlines()[1:] == [
        "2,not a JSON object",
        "3,not a JSON object",
        "4,no usable userId or anonymousId",
        "5,track without event",
        "6,timestamp is in the future",
        "7,timestamp is not an instant",
        "8,a call of type group is not imported",
        "9,Order Completed without order_id",
        "10,the order total is not an amount",
        '11,"the order is not in EUR, the currency amounts are kept in"',
        "12,messageId is longer than 100 characters",
    ]


def test_a_flat_file_of_track_calls_is_understood(database_url: str, tmp_path: Path) -> None:
    row = {"user_id": "u1", "event": "Product Viewed", "occurred_at": "2026-03-02", "channel": "app",
           "properties": '{"product_id": "P-1"}'}  # fmt: skip
    import_events(database_url, write_csv(tmp_path / "e.csv", [row]), now=NOW)
    assert rows(database_url, "select name, channel, properties from event") == [
        ("Product Viewed", "APP", {"product_id": "P-1"})
    ]


def test_an_event_file_needs_events_and_rows(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError, match="event"):
        import_events(database_url, write_csv(tmp_path / "e.csv", [{"user_id": "u1"}]), now=NOW)
    (tmp_path / "e.ndjson").write_text("\n\n")
    with pytest.raises(EmptyFileError):
        import_events(database_url, tmp_path / "e.ndjson", now=NOW)
