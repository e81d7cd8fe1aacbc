"""The freshness queue: what a commit requests is answered once, the newest facts count, and nothing is lost."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from profile_api.rescoring.batch import BatchScorer
from profile_api.rescoring.client import ScoringCallError
from profile_api.rescoring.drain import Drain
from profile_api.rescoring.queue import Urgency, request_refresh, request_rescoring
from profile_api.rescoring.settings import RescoringSettings
from profile_api.rescoring.worker import run_worker
from tests.integration.rescoring.conftest import NOW, TENANT
from tests.integration.rescoring.scoring_stand_in import StandIn

pytestmark = pytest.mark.anyio


async def _request(connection: asyncpg.Connection, *customer_ids: int, urgency: Urgency = Urgency.CHANGE) -> None:
    await request_rescoring(connection, TENANT, customer_ids, urgency=urgency, requested_at=NOW)


async def _requested(connection: asyncpg.Connection) -> list[int]:
    return [row[0] for row in await connection.fetch("select customer_id from rescoring_request order by customer_id")]


async def _jobs(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("select count(*) from procrastinate.procrastinate_jobs")
    return count


@pytest.fixture
def drain(scorer: BatchScorer) -> Drain:
    return Drain(scorer=scorer, clock=lambda: NOW, attempts=2)


async def test_changes_of_one_customer_coalesce_into_one_scoring(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    for _ in range(5):
        await _request(connection, 3)
    assert await drain.run(TENANT) == 1
    assert [question.ids for question in stand_in.asked] == [["3"]]
    assert await _requested(connection) == []
    assert await _jobs(connection) == 0


async def test_the_facts_of_the_change_itself_count(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    await request_rescoring(
        connection, TENANT, [3], urgency=Urgency.CHANGE, requested_at=NOW
    )  # a fact received at NOW counts only before as_of
    await drain.run(TENANT)
    assert stand_in.asked[0].as_of > NOW


async def test_a_rolled_back_change_requests_nothing(customers: list[int], connection: asyncpg.Connection) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await _request(connection, 3)
    await transaction.rollback()
    assert await _requested(connection) == []
    assert await _jobs(connection) == 0


async def test_a_change_during_scoring_is_scored_again(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    await _request(connection, 3)
    stand_in.pause_s = 0.3
    draining = asyncio.create_task(drain.run(TENANT))
    await asyncio.to_thread(stand_in.first_question)
    stand_in.pause_s = 0.0
    await _request(connection, 3)
    await draining
    assert [question.ids for question in stand_in.asked] == [["3"], ["3"]]
    assert await _requested(connection) == []


async def test_a_writer_does_not_wait_for_another_writers_uncommitted_request(
    customers: list[int], connection: asyncpg.Connection, database_url: str
) -> None:
    other = await asyncpg.connect(database_url, command_timeout=60)
    async with connection.transaction():
        await _request(connection, 1, 2)
        await _request(other, 3)
    await other.close()
    assert await _requested(connection) == [1, 2, 3]


async def test_somebody_waiting_goes_before_a_bulk_import(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    await _request(connection, *range(1, 8), urgency=Urgency.BULK)
    await _request(connection, 8)
    await drain.run(TENANT)
    asked = [question.ids or [] for question in stand_in.asked]
    assert "8" in asked[0] + asked[1]  # the first two batches leave together
    assert sorted(int(one) for ids in asked for one in ids) == customers


async def test_an_outage_loses_no_request(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    await _request(connection, 1, 2)
    stand_in.status = 503
    with pytest.raises(ScoringCallError):
        await drain.run(TENANT)
    assert await _requested(connection) == [1, 2]
    stand_in.status = 200
    assert await drain.run(TENANT) == 2


async def test_one_unanswerable_customer_is_put_off_and_the_others_are_scored(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    stand_in.refused_ids = {"2"}
    await _request(connection, 1, 2, 3)
    assert await drain.run(TENANT) == 2
    kept = await connection.fetchrow("select customer_id, attempts, due_at, last_error from rescoring_request")
    assert (kept["customer_id"], kept["attempts"]) == (2, 1)
    assert kept["due_at"] == NOW + timedelta(seconds=1)
    assert "422" in kept["last_error"]


async def test_after_its_last_attempt_a_request_waits_for_the_next_change(
    drain: Drain, customers: list[int], connection: asyncpg.Connection, stand_in: StandIn
) -> None:
    stand_in.refused_ids = {"2"}
    await _request(connection, 2)
    await drain.run(TENANT)
    await connection.execute("update rescoring_request set due_at = $1", NOW)
    await drain.run(TENANT)
    assert await connection.fetchval("select isfinite(due_at) from rescoring_request") is False
    stand_in.refused_ids = set()
    await _request(connection, 2)
    assert await drain.run(TENANT) == 1


async def test_a_request_for_somebody_merged_away_scores_who_they_are_now(
    drain: Drain, customers: list[int], connection: asyncpg.Connection
) -> None:
    await _request(connection, 2)
    await connection.execute("update customer set root_id = 1 where id = 2")
    assert await drain.run(TENANT) == 1
    assert await connection.fetchval("select array_agg(customer_id) from prediction") == [1]
    assert await _requested(connection) == []


async def test_scoring_everybody_settles_what_was_requested_before(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    await _request(connection, 1, 2)
    await scorer.score_all(TENANT, as_of=NOW)
    assert await _requested(connection) == [1, 2]  # requested at that very instant: not known to it
    await scorer.score_all(TENANT, as_of=NOW + timedelta(seconds=1))
    assert await _requested(connection) == []


async def test_the_nightly_refresh_requests_what_expires_and_nothing_else(
    scorer: BatchScorer, customers: list[int], connection: asyncpg.Connection
) -> None:
    await scorer.score_all(TENANT, as_of=NOW)
    await connection.execute("update latest_prediction set expires_at = $1 where customer_id in (4, 5)", NOW)
    assert await request_refresh(connection, expiring_before=NOW + timedelta(hours=1), requested_at=NOW) == {TENANT: 2}
    assert await _requested(connection) == [4, 5]


async def test_the_worker_answers_what_was_requested_and_leaves_no_jobs(
    customers: list[int], connection: asyncpg.Connection, database_url: str, settings: RescoringSettings
) -> None:
    await _request(connection, 1, 2)
    await _request(connection, 3)
    await run_worker(database_url, settings, clock=lambda: NOW, until_idle=True)
    assert await connection.fetchval("select count(*) from latest_prediction") == 3
    assert await _requested(connection) == []
    assert await connection.fetchval("select count(*) from procrastinate.procrastinate_jobs") == 0
