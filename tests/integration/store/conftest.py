"""One empty database and one connection for all the generated histories of a test module."""

import asyncio
from collections.abc import Iterator

import asyncpg
import psycopg
import pytest

from profile_api.store.database import connect
from tests.conftest import database_of
from tests.integration.store.loading import Derivation


@pytest.fixture(scope="module")
def derivation(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[Derivation]:
    name = f"derivation_{request.module.__name__.rsplit('.', 1)[-1]}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name} template template_parcours".encode())
        with asyncio.Runner() as runner:
            connection: asyncpg.Connection = runner.run(connect(database_of(postgres_url, name)))
            yield Derivation(runner, connection)
            runner.run(connection.close())
        server.execute(f"drop database {name} with (force)".encode())
