"""The engines that run `feature_vectors.sql` over a world: DuckDB, PostgreSQL (text and live reading) and Spark."""

from datetime import datetime

import duckdb
import psycopg
import pyarrow as pa

from customer.contracts.score import FeatureValue
from customer.features.definitions import FEATURE_NAMES, feature_vectors_sql
from customer.features.relations import RELATIONS, SPINE, ColumnType, create_table
from tests.parity.reference import Vector, reference_vector
from tests.parity.world import World

Key = tuple[int, datetime]
Vectors = dict[Key, Vector]

_ARROW = {
    ColumnType.BIGINT: pa.int64(),
    ColumnType.INTEGER: pa.int32(),
    ColumnType.TEXT: pa.string(),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
}


def arrow_tables(world: World) -> dict[str, pa.Table]:
    """The world's relations and its spine as Arrow tables of the declared types."""
    tables = {name: _arrow(RELATIONS[name], rows) for name, rows in world.relations().items()}
    return tables | {"spine": _arrow(SPINE, world.spine_rows())}


def _arrow(columns: dict[str, ColumnType], rows: list[tuple[object, ...]]) -> pa.Table:
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=schema)


def reference(world: World) -> Vectors:
    return {key: reference_vector(world, *key) for key in world.spine}


def duckdb_with(world: World) -> duckdb.DuckDBPyConnection:
    """A DuckDB that holds the world."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    for name, table in arrow_tables(world).items():
        connection.register("source", table)
        connection.execute(f"create table {name} as select * from source")
    return connection


def duckdb_vectors(connection: duckdb.DuckDBPyConnection, *, sql: str | None = None) -> Vectors:
    return _vectors(connection.execute(sql or feature_vectors_sql()).fetchall())


def postgres_vectors(world: World, database_url: str) -> Vectors:
    """The bare text on PostgreSQL, over tables that hold the relations as they are."""
    with psycopg.connect(database_url, options="-c timezone=UTC -c search_path=parity") as connection:
        connection.execute("create schema parity")
        rows = world.relations() | {"spine": world.spine_rows()}
        for name, columns in (RELATIONS | {"spine": SPINE}).items():
            connection.execute(create_table(name, columns).encode())
            with connection.cursor() as cursor, cursor.copy(f"copy {name} from stdin".encode()) as copy:
                for row in rows[name]:
                    copy.write_row(row)
        connection.execute("analyze")
        return _vectors(connection.execute(feature_vectors_sql().replace("%", "%%").encode(), ()).fetchall())


def _vectors(rows: list[tuple[FeatureValue | datetime, ...]]) -> Vectors:
    vectors: Vectors = {}
    for customer_id, as_of, *values in rows:
        assert isinstance(customer_id, int)
        assert isinstance(as_of, datetime)
        assert (customer_id, as_of) not in vectors, "a spine row gave two vectors"
        vectors[customer_id, as_of] = dict(zip(FEATURE_NAMES, values, strict=True))  # type: ignore[arg-type]
    return vectors


def differences(expected: Vectors, found: Vectors) -> list[str]:
    """Every feature of every spine row that differs in value or in type, as readable lines."""
    lines = [f"{key}: no vector" for key in expected.keys() - found.keys()]
    lines += [f"{key}: unexpected vector" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        for name in FEATURE_NAMES:
            want, have = expected[key][name], found[key][name]
            if want != have or type(want) is not type(have):
                lines.append(f"{name} of customer {key[0]} at {key[1].isoformat()}: {want!r} expected, {have!r} found")
    return sorted(lines)
