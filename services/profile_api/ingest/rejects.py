"""The rejects file: which rows of an imported file were not taken, and why."""

from pathlib import Path

import duckdb


def write_rejects(duck: duckdb.DuckDBPyConnection, file: Path, *, table: str = "order_reject") -> str | None:
    """Writes `row_number,reason` and returns the path, or None when no row was rejected (an old file is removed)."""
    [(count,)] = duck.execute(f"select count(*) from {table}").fetchall()
    if count == 0:
        file.unlink(missing_ok=True)
        return None
    escaped = str(file).replace("'", "''")
    duck.execute(f"copy (select row_number, reason from {table} order by row_number) to '{escaped}' (header)")
    return str(file)
