"""How the facts of a snapshot are read: one bucket at a time, as relations of an in-memory DuckDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from customer.features.relations import RELATIONS, create_table
from customer.order_file.source import literal
from training.data.snapshot import MEMORY_LIMIT, Snapshot, bounded_connection


@contextmanager
def open_bucket(
    snapshot: Snapshot,
    number: int,
    *,
    relations: tuple[str, ...] = tuple(RELATIONS),
    memory_limit: str = MEMORY_LIMIT,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The facts of every `bucket_count`-th customer (`customer_id % bucket_count = number`).

    They are read straight from the files, since every statement reads each of them about once. One thread: two
    buckets side by side, each in one thread, take less time than each in two.
    """
    with open_facts(snapshot.folder, number, relations=relations, memory_limit=memory_limit) as connection:
        yield connection


@contextmanager
def open_facts(
    folder: Path, number: int, *, relations: tuple[str, ...] = tuple(RELATIONS), memory_limit: str = MEMORY_LIMIT
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same of a folder that is not yet a snapshot."""
    with bounded_connection(memory_limit=memory_limit, spill=folder / "spill", threads=1) as connection:
        for relation in relations:
            _provide(connection, folder, relation, number)
        yield connection


def _provide(connection: duckdb.DuckDBPyConnection, folder: Path, relation: str, number: int) -> None:
    columns = RELATIONS[relation]
    if not any((folder / relation / f"bucket={number}").glob("*.parquet")):  # without rows, no files
        connection.execute(create_table(relation, columns))
        return
    files = literal(f"{folder}/{relation}/bucket={number}/*.parquet")
    connection.execute(
        f"create view {relation} as select {', '.join(columns)} from read_parquet({files}, hive_partitioning = false)"
    )
