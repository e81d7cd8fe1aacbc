"""Whose predictions of a customer were in force on a day: a day of the brand, wherever it is."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from training.registry.model_record import who_scored

NIGHT, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
Stored = tuple[str, datetime, datetime, datetime]
"""The model set, as of, made at, expires at."""


def _predicted(database_url: str, time_zone: str, stored: Sequence[Stored]) -> int:
    """The customer of whom this was predicted."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('o', 'O', 'EUR', %s)", [time_zone]
        )
        [(customer,)] = connection.execute(
            "insert into customer (tenant_id, root_id, created_at) select id, 1, now() from tenant returning id"
        )
        connection.execute("update customer set root_id = id")
        connection.cursor().executemany(
            "insert into prediction (tenant_id, customer_id, model_set, as_of, created_at, expires_at, feature_set, "
            "churn_probability, answer) select id, %s, %s, %s, %s, %s, 'features', 0.5, '{}' from tenant",
            [(customer, *one) for one in stored],
        )
    return int(customer)


@pytest.mark.parametrize(
    ("time_zone", "begins"),
    [
        ("America/New_York", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 22, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("session", ["UTC", "Pacific/Auckland"])
def test_a_day_begins_and_ends_at_the_brands_midnight(
    database_url: str, monkeypatch: pytest.MonkeyPatch, time_zone: str, begins: datetime, session: str
) -> None:
    monkeypatch.setenv("PGTZ", session)
    ends = begins + NIGHT
    stored = [
        ("expired before", begins - NIGHT, begins - NIGHT, begins),
        ("expires early", begins - NIGHT, begins - NIGHT, begins + SECOND),
        ("made late", ends - SECOND, ends - SECOND, ends + NIGHT),
        ("made after", ends, ends, ends + NIGHT),
    ]
    customer = _predicted(database_url, time_zone, stored)
    found = who_scored(database_url, "o", customer, date(2026, 11, 22))
    assert [one.model_set for one in found] == ["made late", "expires early"]
    assert (found[1].expires_at, f"{found[1].expires_at:%H:%M:%S}") == (begins + SECOND, "00:00:01")


def test_a_prediction_holds_until_the_next_one_but_a_look_back_replaces_none(database_url: str) -> None:
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    stored = [
        ("replaced", monday, monday, monday + 3 * NIGHT),
        ("in its place", monday + HOUR, monday + HOUR, monday + 3 * NIGHT),
        ("of a month ago", monday - 30 * NIGHT, monday + 2 * HOUR, monday - 29 * NIGHT),
        ("next day's", monday + NIGHT + HOUR, monday + NIGHT + HOUR, monday + 3 * NIGHT),
    ]
    customer = _predicted(database_url, "UTC", stored)

    def told(day: date) -> list[tuple[str | None, datetime]]:
        return [(one.model_set, one.expires_at) for one in who_scored(database_url, "o", customer, day)]

    first, second = ("in its place", monday + NIGHT + HOUR), ("next day's", monday + 3 * NIGHT)
    assert told(monday.date()) == [first, ("replaced", monday + HOUR)]
    assert told((monday + NIGHT).date()) == [second, first]
    assert told((monday + 2 * NIGHT).date()) == [second]
