"""Live scoring: an answer or a typed reason in time, whatever the scoring service does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from profile_api.rescoring.live import LiveScorer
from profile_api.rescoring.opening import live_scorer
from profile_api.rescoring.outcomes import NotScored, NotScoredCode, Scored, ScoringOutcome
from profile_api.rescoring.settings import RescoringSettings
from tests.integration.rescoring.conftest import NOW, TENANT
from tests.integration.rescoring.scoring_stand_in import StandIn

pytestmark = pytest.mark.anyio


@pytest.fixture
async def live(database_url: str, settings: RescoringSettings) -> AsyncIterator[LiveScorer]:
    narrow = settings.model_copy(update={"live_connections": 1, "live_batch": 4, "breaker_rest_s": 60.0})
    async with aclosing(live_scorer(database_url, narrow, clock=lambda: NOW)) as scorer:
        yield scorer


def _codes(outcomes: dict[int, ScoringOutcome]) -> dict[int, NotScoredCode | None]:
    return {
        customer_id: outcome.code if isinstance(outcome, NotScored) else None
        for customer_id, outcome in outcomes.items()
    }


async def test_each_customer_gets_their_own_answer_as_of_the_instant_asked(
    live: LiveScorer, customers: list[int]
) -> None:
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    outcomes = await live.score(TENANT, [5, 1], as_of)
    first = outcomes[5]
    assert isinstance(first, Scored)
    assert first.as_of == as_of
    assert first.answer.id == "5"
    assert list(outcomes) == [5, 1]


async def test_unknown_customers_and_those_of_others_get_a_reason(live: LiveScorer, customers: list[int]) -> None:
    outcomes = await live.score(TENANT, [1, 999], None)
    assert _codes(outcomes) == {1: None, 999: NotScoredCode.UNKNOWN_CUSTOMER}
    assert _codes(await live.score(TENANT + 1, [1], None)) == {1: NotScoredCode.UNKNOWN_CUSTOMER}


async def test_requests_that_wait_leave_together_and_a_customer_is_scored_once(
    live: LiveScorer, customers: list[int], stand_in: StandIn
) -> None:
    stand_in.pause_s = 0.2
    first = asyncio.create_task(live.score(TENANT, [1], None))
    await asyncio.to_thread(stand_in.first_question)
    others = [asyncio.create_task(live.score(TENANT, ids, None)) for ids in ([2], [3], [2, 4])]
    outcomes = await asyncio.gather(first, *others)
    assert [sorted(question.ids or []) for question in stand_in.asked] == [["1"], ["2", "3", "4"]]
    assert all(isinstance(outcome, Scored) for answer in outcomes for outcome in answer.values())


async def test_tenants_and_instants_never_share_a_batch(
    live: LiveScorer, customers: list[int], stand_in: StandIn
) -> None:
    past = datetime(2026, 1, 1, tzinfo=UTC)
    await asyncio.gather(live.score(TENANT, [1], None), live.score(TENANT, [2], past), live.score(TENANT, [3], None))
    assert {question.as_of for question in stand_in.asked} == {NOW, past}
    assert all(question.ids == ["2"] for question in stand_in.asked if question.as_of == past)


async def test_a_slow_service_ends_in_a_reason_at_the_deadline(
    database_url: str, settings: RescoringSettings, customers: list[int], stand_in: StandIn
) -> None:
    stand_in.pause_s = 1.0
    hasty = settings.model_copy(update={"live_deadline_s": 0.2})
    async with aclosing(live_scorer(database_url, hasty, clock=lambda: NOW)) as live:
        outcomes = await live.score(TENANT, [1], None)
    assert _codes(outcomes) == {1: NotScoredCode.DEADLINE_EXCEEDED}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (503, None, NotScoredCode.SCORING_NOT_READY),
        (500, None, NotScoredCode.SCORING_REFUSED),
        (409, None, NotScoredCode.FEATURE_SET_MISMATCH),
        (200, b"\x00garbage", NotScoredCode.INVALID_ANSWER),
    ],
)
async def test_every_refusal_is_a_typed_reason(
    live: LiveScorer, customers: list[int], stand_in: StandIn, status: int, body: bytes | None, code: NotScoredCode
) -> None:
    stand_in.status, stand_in.body = status, body
    assert _codes(await live.score(TENANT, [1, 2], None)) == {1: code, 2: code}


async def test_a_service_that_keeps_failing_is_left_alone(
    live: LiveScorer, customers: list[int], stand_in: StandIn, settings: RescoringSettings
) -> None:
    stand_in.status = 503
    for _ in range(settings.breaker_failures):
        await live.score(TENANT, [1], None)
    assert _codes(await live.score(TENANT, [1], None)) == {1: NotScoredCode.CIRCUIT_OPEN}
    assert len(stand_in.asked) == settings.breaker_failures


async def test_a_service_that_is_not_there_is_a_reason(
    database_url: str, settings: RescoringSettings, customers: list[int]
) -> None:
    nowhere = settings.model_copy(update={"scoring_url": "http://127.0.0.1:1"})
    async with aclosing(live_scorer(database_url, nowhere, clock=lambda: NOW)) as live:
        assert _codes(await live.score(TENANT, [1], None)) == {1: NotScoredCode.SCORING_UNREACHABLE}


async def test_a_database_that_is_not_there_is_a_reason(settings: RescoringSettings) -> None:
    async with aclosing(live_scorer("postgresql://nobody@127.0.0.1:1/none", settings, clock=lambda: NOW)) as live:
        assert _codes(await live.score(TENANT, [1], None)) == {1: NotScoredCode.FEATURES_UNAVAILABLE}


async def test_beyond_its_bound_live_scoring_refuses_at_once(
    database_url: str, settings: RescoringSettings, customers: list[int], stand_in: StandIn
) -> None:
    small = settings.model_copy(update={"live_waiting": 2})
    async with aclosing(live_scorer(database_url, small, clock=lambda: NOW)) as live:
        assert set(_codes(await live.score(TENANT, [1, 2, 3], None)).values()) == {NotScoredCode.OVERLOADED}
    assert stand_in.asked == []
