"""Batch scoring: every customer gets exactly their own prediction, stored once, or a counted reason."""

from datetime import date, timedelta

import asyncpg
import pytest

from profile_api.rescoring.batch import BatchScorer
from profile_api.rescoring.client import ScoringCallError
from profile_api.rescoring.outcomes import NotScoredCode
from tests.integration.rescoring.conftest import NOW, TENANT
from tests.integration.rescoring.scoring_stand_in import StandIn

pytestmark = pytest.mark.anyio


async def test_every_customer_gets_their_own_prediction(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    report = await scorer.score_all(TENANT, as_of=NOW)
    rows = await connection.fetch("select * from latest_prediction order by customer_id")
    assert report.stored == len(customers)
    assert [(row["customer_id"], row["churn_probability"]) for row in rows] == [(n, n / 100) for n in customers]
    assert [row["predicted_value_minor"] for row in rows] == [round(100.4 * n) for n in customers]
    assert {row["expected_on"] for row in rows} == {date(2026, 3, 12)}
    assert {row["model_set"] for row in rows} == {"set-1"}
    assert {row["expires_at"] for row in rows} == {NOW + timedelta(hours=30)}


async def test_a_second_scoring_is_appended_and_becomes_the_latest(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    await scorer.score_all(TENANT, as_of=NOW)
    await scorer.score_all(TENANT, as_of=NOW + timedelta(days=1))
    assert await connection.fetchval("select count(*) from prediction") == 2 * len(customers)
    latest = await connection.fetch(
        "select latest_prediction.as_of, prediction.as_of as kept from latest_prediction"
        " join prediction on prediction.id = prediction_id"
    )
    assert {(row["as_of"], row["kept"]) for row in latest} == {(NOW + timedelta(days=1),) * 2}


async def test_scoring_the_past_does_not_replace_a_later_prediction(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    await scorer.score_all(TENANT, as_of=NOW)
    await scorer.score_all(TENANT, as_of=NOW - timedelta(days=30))
    assert await connection.fetchval("select min(as_of) from latest_prediction") == NOW


async def test_a_short_outage_is_waited_out(scorer: BatchScorer, customers: list[int], stand_in: StandIn) -> None:
    stand_in.failures_left = 2
    report = await scorer.score_all(TENANT, as_of=NOW)
    assert report.stored == len(customers)


async def test_a_long_outage_ends_the_batch_with_a_typed_error(
    scorer: BatchScorer, customers: list[int], stand_in: StandIn
) -> None:
    stand_in.status = 503
    with pytest.raises(ScoringCallError, match="asked to fail") as caught:
        await scorer.score_all(TENANT, as_of=NOW)
    assert caught.value.code is NotScoredCode.SCORING_NOT_READY


async def test_a_foreign_feature_set_is_not_retried(
    scorer: BatchScorer, customers: list[int], stand_in: StandIn
) -> None:
    stand_in.status = 409
    with pytest.raises(ScoringCallError) as caught:
        await scorer.score_all(TENANT, as_of=NOW)
    assert caught.value.code is NotScoredCode.FEATURE_SET_MISMATCH
    assert len(stand_in.asked) <= scorer.settings.batch_in_flight


async def test_customers_the_service_refuses_are_counted_and_the_others_stored(
    scorer: BatchScorer, customers: list[int], stand_in: StandIn
) -> None:
    stand_in.refused_ids = {"2"}
    report = await scorer.score_all(TENANT, as_of=NOW)
    assert report.not_scored == {NotScoredCode.SCORING_REFUSED: 3}
    assert report.stored == len(customers) - 3
    assert set(report.examples) == {1, 2, 3}


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"<html>", b"[]", b'{"feature_set": "x", "model_set": "y", "predictions": []}'],
    ids=["empty", "not utf-8", "html", "list", "incomplete"],
)
async def test_an_answer_that_is_no_score_response_is_never_stored(
    scorer: BatchScorer, customers: list[int], stand_in: StandIn, connection: asyncpg.Connection, body: bytes
) -> None:
    stand_in.body = body
    report = await scorer.score_all(TENANT, as_of=NOW)
    assert report.not_scored == {NotScoredCode.INVALID_ANSWER: len(customers)}
    assert await connection.fetchval("select count(*) from prediction") == 0


async def test_absorbed_customers_are_not_scored(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    await connection.execute("update customer set root_id = 1 where id = 2")
    report = await scorer.score_all(TENANT, as_of=NOW)
    assert report.stored == len(customers) - 1
