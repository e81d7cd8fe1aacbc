"""Made-up facts at any size, for measuring: in DuckDB, as a snapshot on disk, or in a PostgreSQL database."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg

from customer.features.relations import RELATIONS
from training.data.freezing import Provenance, freeze
from training.data.snapshot import bounded_connection, empty_folder

_GENERATE = (Path(__file__).parent / "synthetic_facts.sql").read_text()
_RELATIONS = (Path(__file__).parent / "synthetic_relations.sql").read_text()
_ORDERS = (Path(__file__).parent / "synthetic_orders.sql").read_text()

AS_OF = datetime(2025, 12, 1, tzinfo=UTC)
"""An instant one month before the end of the facts."""
END = datetime(2026, 1, 2, tzinfo=UTC)

_TABLES = {
    "customer": (
        "id, tenant_id, root_id, created_at",
        "select id, 1, id, timestamptz '2024-01-01 00:00:00+00' from customer_row order by id",
    ),
    "customer_order": (
        "id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel, "
        "store_id, currency, total_minor, discount_minor, line_count, source",
        "select id, 1, customer_id, 'O' || id, ordered_at, received_at, local_day, local_month, local_hour, channel, "
        "store_id, 'EUR', total_minor, discount_minor, line_count, 'synthetic' from order_row order by ordered_at",
    ),
    "order_line": (
        "order_id, line_number, tenant_id, customer_id, product_id, category",
        "select order_id, line_number, 1, customer_id, product_id, category from line_row",
    ),
    "order_adjustment": (
        "id, tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at, received_at, local_day, "
        "amount_minor, source",
        "select id, 1, customer_id, order_id, 'A' || id, 'RETURN', occurred_at, received_at, local_day, amount_minor, "
        "'synthetic' from adjustment_row",
    ),
    "event": (
        "id, tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, "
        "local_hour, source, message_key",
        "select id, 1, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, "
        "'synthetic', md5(cast(id as varchar)) from event_row order by occurred_at",
    ),
}


def generate(connection: duckdb.DuckDBPyConnection, customers: int) -> None:
    """Makes the tables customer_row, order_row, line_row, adjustment_row and event_row."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set variable customers = {customers}")
    connection.execute(_GENERATE)


def write_both(snapshot: Path, orders: Path, customers: int) -> None:
    """The facts as a snapshot, without a database in between, and their orders alone as an order file."""
    empty_folder(snapshot)
    with bounded_connection(memory_limit="4GB", spill=snapshot / "spill") as connection:
        generate(connection, customers)
        connection.execute(f"copy ({_ORDERS}) to '{orders}' (format parquet, compression zstd)")
        connection.execute(_RELATIONS)
        sources = [(relation, relation) for relation in RELATIONS]
        provenance = Provenance(origin="the generator", known_before=END, time_zone="UTC", currency="EUR")
        freeze(connection, snapshot, sources, provenance)


def load(connection: duckdb.DuckDBPyConnection, database_url: str) -> None:
    """Copies the generated facts into a migrated, empty database whose only tenant they become."""
    with psycopg.connect(database_url, autocommit=True) as database, TemporaryDirectory() as folder:
        database.execute(
            "insert into tenant (id, key, name, currency, time_zone) values (1, 'synthetic', 'Synthetic', 'EUR', 'UTC')"
        )
        for table, (columns, query) in _TABLES.items():
            file = Path(folder) / f"{table}.csv"
            connection.execute(f"copy ({query}) to '{file}' (format csv, header false)")
            with (
                file.open("rb") as rows,
                database.cursor() as cursor,
                cursor.copy(f"copy {table} ({columns}) from stdin (format csv)".encode()) as copy,
            ):
                while block := rows.read(1 << 20):
                    copy.write(block)
            file.unlink()
        database.execute("vacuum analyze")
