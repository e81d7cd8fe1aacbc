"""A tenant with a few customers who have orders, and a scoring service that can be told to misbehave."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from profile_api.rescoring.batch import BatchScorer
from profile_api.rescoring.opening import batch_scorer
from profile_api.rescoring.settings import RescoringSettings
from tests.integration.rescoring.scoring_stand_in import StandIn, running_stand_in

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANT = 1


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running_stand_in() as server:
        yield server


@pytest.fixture
def settings(stand_in: StandIn) -> RescoringSettings:
    return RescoringSettings(
        scoring_url=stand_in.url, batch_rows=3, live_deadline_s=5.0, batch_deadline_s=5.0, batch_attempts=3
    )


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def customers(connection: asyncpg.Connection) -> list[int]:
    """Eight customers of tenant 1 (Europe/Paris), known for a year."""
    await connection.execute(
        "insert into tenant (key, name, currency, time_zone) values ('t', 't', 'EUR', 'Europe/Paris')"
    )
    await connection.execute(
        "insert into customer (id, tenant_id, root_id, created_at) select n, $1, n, $2 from generate_series(1, 8) n",
        TENANT,
        NOW - timedelta(days=365),
    )
    return list(range(1, 9))


@pytest.fixture
async def scorer(database_url: str, settings: RescoringSettings) -> AsyncIterator[BatchScorer]:
    async with batch_scorer(database_url, settings, clock=lambda: NOW) as scorer:
        yield scorer
