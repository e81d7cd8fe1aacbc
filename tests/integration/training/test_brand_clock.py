"""A date without an offset is the brand's midnight, whichever command reads it and wherever the facts are."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from training.commands.sources import brand_time_zone
from training.commands.training import TrainCall, instant_of
from training.data.database_snapshot import UnknownTenantError
from training.engines.names import EngineName
from training.recipe import QUICK
from training.settings import TrainingSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def settings(database_url: str, tenant: str) -> TrainingSettings:
    return TrainingSettings(home=Path("nowhere"), database_url=database_url, tenant=tenant)


def call(*, as_of: str | None, orders: Path | None = None, time_zone: str | None = None) -> TrainCall:
    return TrainCall(
        orders=orders, as_of=as_of, horizon_days=None, out=None, mapping=[], time_zone=time_zone, recipe=QUICK,
        tune_s=0.0, seed=1, engine=EngineName.LOCAL, promote=True, force=False,
    )  # fmt: skip


@pytest.fixture
def brands(database_url: str) -> str:
    """A database of a brand in New York and one in Tokyo."""
    with psycopg.connect(database_url) as connection:
        connection.cursor().executemany(
            "insert into tenant (key, name, currency, time_zone) values (%s, %s, 'USD', %s)",
            [("ny", "N", "America/New_York"), ("tokyo", "T", "Asia/Tokyo")],
        )
    return database_url


def test_a_date_is_the_midnight_of_the_brand_that_the_facts_are_of(brands: str) -> None:
    summer = call(as_of="2026-06-01")
    assert instant_of(settings(brands, "ny"), summer, now=NOW) == datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert instant_of(settings(brands, "tokyo"), summer, now=NOW) == datetime(2026, 5, 31, 15, tzinfo=UTC)
    exact = call(as_of="2026-06-01T12:00+02:00")
    assert instant_of(settings(brands, "ny"), exact, now=NOW) == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert instant_of(settings(brands, "ny"), call(as_of=None), now=NOW) == NOW
    with pytest.raises(UnknownTenantError, match="ny, tokyo"):
        brand_time_zone(settings(brands, "paris"))


def test_a_file_has_the_clock_that_is_given_with_it(brands: str) -> None:
    here = settings(brands, "ny")  # which has no say
    expected = {None: datetime(2026, 6, 1, tzinfo=UTC), "Asia/Tokyo": datetime(2026, 5, 31, 15, tzinfo=UTC)}
    for zone, instant in expected.items():
        of_file = call(as_of="2026-06-01", orders=Path("orders.csv"), time_zone=zone)
        assert instant_of(here, of_file, now=NOW) == instant
