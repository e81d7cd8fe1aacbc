"""One small world per module (nothing here writes to it), and an engine reading it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any

import anyio
import msgspec
import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Answer, Caller, GraphQLRequest, Scope
from tests.conftest import database_of
from tests.integration.graph.world import NOW, load_world

_numbers = count()
Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
def world_url(postgres_url: str) -> Iterator[str]:
    name = f"graph_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template template_parcours".encode())
    url = database_of(postgres_url, name)
    anyio.run(load_world, url)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())


def caller(tenant: int = 1, scopes: frozenset[Scope] = frozenset(Scope)) -> Caller:
    return Caller(tenant_id=tenant, subject="test", scopes=scopes)


async def answered(engine: GraphEngine, query: str, *, by: Caller | None = None, **variables: Any) -> Answer:
    return await engine.execute(GraphQLRequest(query=query, variables=variables), by or caller(), now=NOW)


async def told(engine: GraphEngine, request: GraphQLRequest, *, by: Caller | None = None) -> Answer:
    """As the edge has a query answered that was met before: without a task."""
    reading = engine.reading(request, by or caller(), now=NOW, deadline_s=10, trace=b"t" * 32)
    assert reading is not None
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    reading.send(lambda told: answer.set_exception(told) if isinstance(told, Exception) else answer.set_result(told))
    return await answer


@pytest.fixture
async def engine(world_url: str) -> AsyncIterator[GraphEngine]:
    engine = GraphEngine(world_url, connections=2)
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
def ask(engine: GraphEngine) -> Ask:
    """Asks and returns the decoded response."""

    async def ask_engine(query: str, *, by: Caller | None = None, **variables: Any) -> dict[str, Any]:
        answer = await answered(engine, query, by=by, **variables)
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return decoded

    return ask_engine
