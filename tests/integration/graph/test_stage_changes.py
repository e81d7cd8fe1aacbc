"""No change of stage is lost to a listener: not in a flood, nor behind a slow reader, nor in a long transaction."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import AnswerKind, GraphQLRequest
from profile_api.graph.subscriptions import Change, Watch
from profile_api.store.changes import announce
from profile_api.store.database import connect
from tests.integration.graph.conftest import caller
from tests.integration.graph.world import load_world

pytestmark = pytest.mark.anyio
FLOOD = 30_000


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened: asyncpg.Connection = await connect(database_url)
    await opened.execute("insert into tenant (id, key, name, currency, time_zone) values (1, 't', 't', 'EUR', 'UTC')")
    yield opened
    await opened.close()


@pytest.fixture
async def watch(database_url: str) -> AsyncIterator[Watch]:
    watch = Watch(database_url)
    yield watch
    await watch.close()


async def enter(
    connection: asyncpg.Connection, stage: str, first: int, last: int, *, ago: timedelta = timedelta(seconds=1)
) -> None:
    """Customers enter a stage, all in the transaction under way or one of its own; what was in force ends."""
    at = datetime.now(UTC) - ago
    await connection.execute(
        "update lifecycle_transition set until_at = $1 where customer_id between $2 and $3 and until_at = 'infinity'",
        *(at, first, last),
    )
    await connection.execute(
        "insert into lifecycle_transition (tenant_id, customer_id, model, effective_at, to_stage, reason,"
        " policy_version, cycle, recorded_at)"
        " select 1, id, 'relationship', $1, $2, 'TEST', '1', 1, $1 from generate_series($3::int, $4) id",
        *(at, stage, first, last),
    )
    await announce(connection, 1, range(first, last + 1))


async def listening(
    watch: Watch, connection: asyncpg.Connection, stages: list[str] | None = None
) -> AsyncGenerator[Change, None]:
    """A listener that is known to listen: it has told of customer 0."""
    changes = watch._stage_changes(1, "relationship", stages, None)
    first = asyncio.create_task(anext(changes))
    while not first.done():
        await enter(connection, stages[0] if stages else "NEW", 0, 0)
        await asyncio.wait({first}, timeout=0.2)
    assert first.result().customer_id == 0
    return changes


async def told(changes: AsyncGenerator[Change, None], count: int) -> list[int]:
    """The customers of the next events, those about customer 0 left out."""
    customers: list[int] = []
    async with asyncio.timeout(60):
        while len(customers) < count:
            change = await anext(changes)
            customers += [change.customer_id] if change.customer_id else []
    return customers


async def test_a_flood_is_told_whole_and_once_however_large(watch: Watch, connection: asyncpg.Connection) -> None:
    changes = await listening(watch, connection)
    async with connection.transaction():
        await enter(connection, "LAPSING", 1, FLOOD)
    customers = await told(changes, FLOOD)
    assert sorted(customers) == list(range(1, FLOOD + 1))
    await enter(connection, "NEW", FLOOD + 1, FLOOD + 1)
    assert await told(changes, 1) == [FLOOD + 1]
    await changes.aclose()


async def test_a_slow_reader_misses_nothing_that_happens_meanwhile(
    watch: Watch, connection: asyncpg.Connection
) -> None:
    changes = await listening(watch, connection)
    await enter(connection, "LAPSING", 1, 2_000, ago=timedelta(hours=2))
    customers = await told(changes, 600)  # one page and a little
    await enter(connection, "FORMER", 500, 1_500)
    await enter(connection, "NEW", 5_000, 5_000)
    while 5_000 not in customers:
        customers += await told(changes, 1)
    assert set(customers) == {*range(1, 2_001), 5_000}
    assert all(customers.count(one) == 2 for one in range(500, 600))  # told as LAPSING, then as FORMER
    await changes.aclose()


async def test_a_transaction_that_takes_long_is_told_when_it_commits(
    database_url: str, watch: Watch, connection: asyncpg.Connection
) -> None:
    changes = await listening(watch, connection)
    slow: asyncpg.Connection = await connect(database_url)
    transaction = slow.transaction()
    await transaction.start()
    await enter(slow, "LAPSING", 1, 3, ago=timedelta(hours=1))  # dated long before the looks that follow
    for one in (4, 5):
        await enter(connection, "NEW", one, one)
        assert await told(changes, 1) == [one]
    await transaction.commit()
    assert sorted(await told(changes, 3)) == [1, 2, 3]
    await slow.close()
    await changes.aclose()


async def test_what_was_rolled_back_is_not_told(watch: Watch, connection: asyncpg.Connection) -> None:
    changes = await listening(watch, connection)
    transaction = connection.transaction()
    await transaction.start()
    await enter(connection, "LAPSING", 1, 3)
    await transaction.rollback()
    await enter(connection, "NEW", 4, 4)
    assert await told(changes, 1) == [4]
    await changes.aclose()


async def test_a_stage_reached_by_time_is_told_once_though_it_was_written_long_before(
    watch: Watch, connection: asyncpg.Connection
) -> None:
    changes = await listening(watch, connection)
    await enter(connection, "LAPSING", 1, 1, ago=-timedelta(seconds=1.5))
    await enter(connection, "NEW", 3, 3)  # looked at after it was written, mostly before its time
    assert sorted(await told(changes, 2)) == [1, 3]
    await enter(connection, "NEW", 2, 2)
    assert await told(changes, 1) == [2]
    await changes.aclose()


async def test_with_since_nothing_is_lost_between_a_reading_and_the_subscription(
    watch: Watch, connection: asyncpg.Connection
) -> None:
    await enter(connection, "LAPSING", 1, 1, ago=timedelta(hours=3))
    read_at = datetime.now(UTC) - timedelta(hours=1)
    await enter(connection, "LAPSING", 2, 1_200, ago=timedelta(minutes=30))
    await enter(connection, "NEW", 1_300, 1_300, ago=timedelta(minutes=30))
    changes = watch._stage_changes(1, "relationship", ["LAPSING"], read_at)
    assert sorted(await told(changes, 1_199)) == list(range(2, 1_201))
    await enter(connection, "LAPSING", 1_400, 1_400)
    assert await told(changes, 1) == [1_400]
    await changes.aclose()


async def test_an_event_about_a_stage_that_is_gone_is_not_sent(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("insert into customer (id, tenant_id, root_id, created_at) select id, 1, id, now()"
                             " from generate_series(1, 3) id")  # fmt: skip
    await enter(connection, "LAPSING", 1, 3, ago=timedelta(minutes=30))
    engine = GraphEngine(database_url, connections=1)
    await engine.start()
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    query = f'subscription {{ stageChanged(since: "{since}") {{ customer {{ id }} }} }}'
    events = engine.subscribe(GraphQLRequest(query=query), caller())
    assert b"cus_1" in (await anext(events)).body
    await connection.execute("delete from lifecycle_transition where customer_id = 2")
    third = await anext(events)
    assert (third.kind, third.body) == (AnswerKind.OK, b'{"data":{"stageChanged":{"customer":{"id":"cus_3"}}}}')
    await events.aclose()
    await engine.close()


@pytest.mark.parametrize("arguments", ['since: "2020-01-01T00:00:00Z"', 'model: "nothing"'])
async def test_what_cannot_be_listened_to_is_refused(
    database_url: str, connection: asyncpg.Connection, arguments: str
) -> None:
    engine = GraphEngine(database_url, connections=1)
    await engine.start()
    request = GraphQLRequest(query=f"subscription {{ stageChanged({arguments}) {{ toStage }} }}")
    [answer] = [one async for one in engine.subscribe(request, caller())]
    assert b"BAD_ARGUMENT" in answer.body
    await engine.close()


async def test_what_one_process_writes_another_one_tells(database_url: str) -> None:
    await load_world(database_url)
    listener, writer = GraphEngine(database_url, connections=1), GraphEngine(database_url, connections=1)
    await asyncio.gather(listener.start(), writer.start())
    watch = 'subscription { customerChanged(id: "cus_102") { customer { satisfaction { nps { score } } } } }'
    events = listener.subscribe(GraphQLRequest(query=watch), caller())
    first = asyncio.create_task(anext(events))
    praise = GraphQLRequest(
        query="mutation ($i: RecordFeedbackInput!) { recordFeedback(input: $i) { touchpoint { id } } }",
        variables={"i": {"customerId": "cus_101", "kind": "NPS", "score": 10, "channel": "EMAIL"}},
    )
    async with asyncio.timeout(30):
        while not first.done():  # until it listens; each praise is a change
            await writer.execute(praise, caller(), now=datetime.now(UTC))
            await asyncio.wait({first}, timeout=0.3)
    person = json.loads(first.result().body)["data"]["customerChanged"]["customer"]
    assert person["satisfaction"]["nps"]["score"] == 10
    await events.aclose()
    await asyncio.gather(listener.close(), writer.close())
