"""How the buckets of a snapshot are read: one at a time, as tables of an in-memory DuckDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from customer.features.relations import RELATIONS, create_table
from customer.order_file.source import literal
from training.data.snapshot import MEMORY_LIMIT, Snapshot, bounded_connection


@dataclass(frozen=True, slots=True)
class Bucket:
    """The facts of every `count`-th customer: `customer_id % count = number`."""

    number: int
    count: int
    connection: duckdb.DuckDBPyConnection


def buckets(
    snapshot: Snapshot, *, relations: tuple[str, ...] = tuple(RELATIONS), memory_limit: str = MEMORY_LIMIT
) -> Iterator[Bucket]:
    """Each bucket in turn; the connection is only valid until the next one is asked for."""
    for number in range(snapshot.bucket_count):
        with open_bucket(snapshot, number, relations=relations, memory_limit=memory_limit) as bucket:
            yield bucket


@contextmanager
def open_bucket(
    snapshot: Snapshot,
    number: int,
    *,
    relations: tuple[str, ...] = tuple(RELATIONS),
    memory_limit: str = MEMORY_LIMIT,
) -> Iterator[Bucket]:
    """The facts of one bucket in memory; its memory is given back on leaving."""
    with bounded_connection(memory_limit=memory_limit, spill=snapshot.folder / "spill") as connection:
        for relation in relations:
            _load(connection, snapshot, relation, number)
        yield Bucket(number, snapshot.bucket_count, connection)


def _load(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, relation: str, number: int) -> None:
    columns = RELATIONS[relation]
    connection.execute(create_table(relation, columns))
    if any((snapshot.folder / relation / f"bucket={number}").glob("*.parquet")):
        files = literal(f"{snapshot.folder}/{relation}/bucket={number}/*.parquet")
        connection.execute(
            f"insert into {relation} by name "
            f"select {', '.join(columns)} from read_parquet({files}, hive_partitioning = false)"
        )
