"""Moves a DuckDB relation into a temporary PostgreSQL table: one CSV file written in parallel, one COPY."""

import asyncio
from pathlib import Path

import asyncpg
import duckdb

from profile_api.ingest.workspace import folder_of

_TYPES = {
    "VARCHAR": "text", "INTEGER": "integer", "SMALLINT": "smallint", "BIGINT": "bigint", "HUGEINT": "numeric",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean", "TIMESTAMP WITH TIME ZONE": "timestamptz", "DATE": "date", "JSON": "jsonb", "UUID": "uuid",
}  # fmt: skip


async def stage(connection: asyncpg.Connection, duck: duckdb.DuckDBPyConnection, *, table: str, query: str) -> int:
    """Creates the temporary table with the query's columns and rows, dropped at commit; returns the number of rows.

    CSV and not Arrow over ADBC: the rows must arrive on the connection that holds the transaction, and COPY reads CSV
    as fast as it writes tables.
    """
    columns = duck.execute(f"describe {query}").fetchall()
    definition = ", ".join(f"{row[0]} {_TYPES.get(row[1], row[1].lower())}" for row in columns)
    await connection.execute(f"create temporary table {table} ({definition}) on commit drop")
    file = folder_of(duck) / f"{table}.csv"
    await asyncio.to_thread(_write, duck, query, file)
    try:
        status = await connection.copy_to_table(table, source=file, format="csv", null=r"\N", timeout=600)
    finally:
        file.unlink()
    await connection.execute(f"analyze {table}")
    return int(status.split()[-1])


def _write(duck: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    duck.execute(rf"copy ({query}) to '{file}' (format csv, header false, nullstr '\N')")
