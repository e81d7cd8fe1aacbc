"""Whose predictions of a customer were in force on a day: a day of the brand, wherever it is."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from training.registry.model_record import who_scored


@pytest.mark.parametrize(
    ("time_zone", "day_begins"),
    [
        ("America/New_York", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 22, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("session", ["UTC", "Pacific/Auckland"])
def test_a_day_begins_and_ends_at_the_brands_midnight(
    database_url: str, monkeypatch: pytest.MonkeyPatch, time_zone: str, day_begins: datetime, session: str
) -> None:
    monkeypatch.setenv("PGTZ", session)
    day, moment = date(2026, 11, 22), timedelta(seconds=1)
    stored = {  # model set: from, until
        "expired before": (day_begins - timedelta(days=1), day_begins),
        "expires early": (day_begins - timedelta(days=1), day_begins + moment),
        "made late": (day_begins + timedelta(days=1) - moment, day_begins + timedelta(days=2)),
        "made after": (day_begins + timedelta(days=1), day_begins + timedelta(days=2)),
    }
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('o', 'O', 'EUR', %s)", [time_zone]
        )
        [(customer,)] = connection.execute(
            "insert into customer (tenant_id, root_id, created_at) select id, 1, now() from tenant returning id"
        )
        connection.execute("update customer set root_id = id")
        connection.cursor().executemany(
            "insert into prediction (tenant_id, customer_id, as_of, created_at, expires_at, feature_set, model_set, "
            "churn_probability, answer) select id, %s, %s, %s, %s, 'features', %s, 0.5, '{}' from tenant",
            [(customer, begins, begins, ends, model_set) for model_set, (begins, ends) in stored.items()],
        )
    found = who_scored(database_url, "o", customer, day)
    assert [one.model_set for one in found] == ["made late", "expires early"]
