"""Fixtures every tier shares: a real PostgreSQL, started once, and a fresh migrated database per test that asks."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import pytest

_numbers = itertools.count()


def _psql(server_url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test run's own; its `template_parcours` database is migrated once."""
    from machine.embedded_postgres import start_embedded_postgres, stop_embedded_postgres
    from profile_api.store.migrate import migrate

    # Not under pytest's own temporary folder: every other test run that starts tightens that one's permissions, and
    # when root runs the tests the server works under a plain account, which then loses sight of its data.
    with TemporaryDirectory(prefix="parcours-tests-") as folder:
        data = Path(folder) / "data"
        url = start_embedded_postgres(data)
        _psql(url, "create database template_parcours")
        migrate(database_of(url, "template_parcours"))
        yield url
        stop_embedded_postgres(data)


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """An empty migrated database, copied from the template in some 50 ms and dropped afterwards."""
    name = f"test_{next(_numbers)}"
    _psql(postgres_url, f"create database {name} template template_parcours")
    yield database_of(postgres_url, name)
    _psql(postgres_url, f"drop database {name} with (force)")


def database_of(server_url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(server_url)
    return urlunsplit(parts._replace(path=f"/{name}"))
