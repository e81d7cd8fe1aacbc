"""How the life of models reads and writes PostgreSQL: named statements, one short transaction each, bounded in time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as postgresql

from training.data.connecting import connect

_SQL = Path(__file__).parent / "sql"
_TIMEOUT_S = 10


@contextmanager
def transaction(database_url: str, *, timeout_s: int = _TIMEOUT_S) -> Iterator[postgresql.Cursor]:
    """Commits on leaving; nothing is kept when the block fails."""
    with connect(database_url) as database, database.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{timeout_s:d}s'")
        yield cursor
        database.commit()


def rows_of(
    database_url: str, statement: str, parameters: Sequence[Any], *, timeout_s: int = _TIMEOUT_S
) -> list[dict[str, Any]]:
    """What a query says, each row by the names of its columns."""
    with transaction(database_url, timeout_s=timeout_s) as cursor:
        cursor.execute(statement, tuple(parameters))
        found: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
    return found


@cache
def named_sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
