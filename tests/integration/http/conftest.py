"""The edge on a real port: uvicorn as in production, a real PostgreSQL behind the keys."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from starlette.types import ASGIApp

from profile_api.access.api_keys import create_demo_keys
from profile_api.access.connections import access_pool
from profile_api.graph.request import GraphExecutor
from profile_api.http.app import build_app
from profile_api.http.serve import server_options
from profile_api.http.settings import EdgeSettings
from profile_api.store.database import connect
from tests.integration.http.small_engine import SmallEngine


@dataclass(frozen=True, kw_only=True)
class Live:
    """A served edge: where it is, and one token per role of tenant `shop`."""

    url: str
    tokens: dict[str, str]
    engine: GraphExecutor
    database_url: str

    @property
    def small(self) -> SmallEngine:
        assert isinstance(self.engine, SmallEngine)
        return self.engine

    def client(self, role: str | None = "agent", **headers: str) -> httpx.Client:
        if role is not None:
            headers["authorization"] = f"Bearer {self.tokens[role]}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)


class _Server(uvicorn.Server):
    """Says when it has started, or has given up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            with suppress(SystemExit):  # uvicorn gives up by ending its process; here it is one thread of ours
                super().run(sockets)
        finally:
            self.settled.set()


_QUICK = {"log_level": "warning", "loop": "asyncio", "timeout_graceful_shutdown": 1}


@contextmanager
def serving(
    database_url: str,
    tokens: dict[str, str],
    *,
    settings: EdgeSettings,
    engine: Callable[[], GraphExecutor] = SmallEngine,
    **options: Any,
) -> Iterator[Live]:
    """Serves until the block ends, in a thread with its own event loop; `options` are uvicorn's."""
    built: list[GraphExecutor] = []

    def build() -> ASGIApp:
        built.append(engine())  # inside the server's event loop, as in production
        return build_app(settings=settings, executor=built[0], connections=access_pool(database_url))

    server = _Server(uvicorn.Config(build, factory=True, port=0, **(server_options() | _QUICK | options)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.settled.wait(30)
    assert server.started, "the application did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Live(url=f"http://127.0.0.1:{port}", tokens=tokens, engine=built[0], database_url=database_url)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def demo_tokens(database_url: str, tenant: str = "shop") -> dict[str, str]:
    """Creates the tenant and one key per role."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values (%s, %s, 'EUR', 'Europe/Paris')",
            (tenant, tenant.title()),
        )
    return demo_keys(database_url, tenant)


def demo_keys(database_url: str, tenant: str) -> dict[str, str]:
    """One key per role of a tenant that is there."""

    async def create() -> dict[str, str]:
        connection = await connect(database_url)
        try:
            return await create_demo_keys(connection, tenant=tenant, now=datetime.now(UTC))
        finally:
            await connection.close()

    return asyncio.run(create())


@pytest.fixture(scope="module")
def edge_database(postgres_url: str) -> Iterator[str]:
    """One database for the tests of a module, which only read it or use rows of their own."""
    from tests.conftest import _psql, database_of

    name = f"edge_{id(object())}_{threading.get_ident()}"
    _psql(postgres_url, f"create database {name} template template_parcours")
    yield database_of(postgres_url, name)
    _psql(postgres_url, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def edge_tokens(edge_database: str) -> dict[str, str]:
    return demo_tokens(edge_database)


@pytest.fixture(scope="module")
def live(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    """The edge with default settings and the small engine."""
    with serving(edge_database, edge_tokens, settings=EdgeSettings()) as served:
        yield served
