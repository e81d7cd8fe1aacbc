"""The challenger's predictions are recorded beside the champion's, and nothing of it reaches the champion's path."""

from dataclasses import replace

import asyncpg
import pytest

from profile_api.rescoring.opening import batch_scorer
from profile_api.rescoring.settings import RescoringSettings
from profile_api.rescoring.shadow import ShadowRecorder
from tests.integration.rescoring.conftest import NOW, TENANT
from tests.integration.rescoring.scoring_stand_in import StandIn

pytestmark = pytest.mark.anyio


async def _score_all(database_url: str, settings: RescoringSettings, *, share: float) -> ShadowRecorder | None:
    shadowing = settings.model_copy(update={"shadow_share": share})
    async with batch_scorer(database_url, shadowing, clock=lambda: NOW) as scorer:
        await scorer.score_all(TENANT, as_of=NOW)
    return scorer.shadow


async def _shadows(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch("select * from prediction_shadow order by customer_id")
    return rows


async def test_every_sampled_customer_has_the_challengers_prediction_at_the_same_instant(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings,
    stand_in: StandIn,
) -> None:  # fmt: skip
    stand_in.challenger = "set-2"
    await _score_all(database_url, settings, share=1.0)
    rows = await _shadows(connection)
    assert [row["customer_id"] for row in rows] == customers
    assert {(row["model_set"], row["champion_model_set"], row["as_of"]) for row in rows} == {("set-2", "set-1", NOW)}
    assert rows[2]["churn_probability"] == 0.03
    assert (rows[2]["p10_days"], rows[2]["p50_days"], rows[2]["p90_days"]) == (1.0, 10.0, 40.0)
    assert rows[2]["expected_minor"] == pytest.approx(301.2)
    assert all(question.drivers == 0 for question in stand_in.asked_of_challenger)


async def test_the_sample_is_always_the_same_customers(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings,
    stand_in: StandIn,
) -> None:  # fmt: skip
    stand_in.challenger = "set-2"
    for _ in range(2):
        await _score_all(database_url, settings, share=0.5)
    found = [row["customer_id"] for row in await _shadows(connection)]
    assert 0 < len(set(found)) < len(customers)
    assert found[::2] == found[1::2]


async def test_without_a_share_nobody_asks_the_challenger(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings,
    stand_in: StandIn,
) -> None:  # fmt: skip
    stand_in.challenger = "set-2"
    assert await _score_all(database_url, settings, share=0.0) is None
    assert stand_in.asked_of_challenger == []


async def test_a_challenger_that_fails_leaves_the_champions_predictions_as_they_are(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings,
    stand_in: StandIn,
) -> None:  # fmt: skip
    shadow = await _score_all(database_url, settings, share=1.0)
    assert shadow is not None
    assert (shadow.recorded, shadow.left_out) == (0, len(customers))
    assert await connection.fetchval("select count(*) from latest_prediction") == len(customers)
    assert await _shadows(connection) == []


async def test_a_challenger_that_is_the_champion_is_not_recorded(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings,
    stand_in: StandIn,
) -> None:  # fmt: skip
    stand_in.challenger = "set-1"
    await _score_all(database_url, settings, share=1.0)
    assert await _shadows(connection) == []


async def test_more_than_may_wait_is_left_out_and_counted(
    customers: list[int], database_url: str, settings: RescoringSettings
) -> None:
    async with batch_scorer(database_url, settings, clock=lambda: NOW) as scorer:
        idle = ShadowRecorder(scorer.pool, scorer.client, share=1.0, clock=lambda: NOW)
        busy = replace(scorer, shadow=idle)
        for _ in range(10):
            assert len(await busy.score_some(TENANT, [1, 2], as_of=NOW)) == 2
    assert idle.left_out == 4
