"""Migrations go up on an empty database and all the way down again."""

import psycopg

from profile_api.store.migrate import downgrade, migrate
from tests.conftest import database_of


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def test_every_migration_can_be_undone_and_done_again(database_url: str) -> None:
    before = _tables(database_url)
    downgrade(database_url, revision="base")
    assert _tables(database_url) == {"alembic_version"}
    migrate(database_url)
    assert _tables(database_url) == before


def test_the_server_is_postgresql_18(postgres_url: str) -> None:
    with psycopg.connect(database_of(postgres_url, "postgres")) as connection:
        assert connection.info.server_version // 10000 == 18
