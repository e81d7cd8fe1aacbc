"""The company the GraphQL benchmark reads: made once per size, kept under `.parcours/bench`, reused.

The facts of a base of customers are generated, and everything derived from them is derived by the product itself. A
bigger company is that base many times over, ids moved on: what is derived for a customer depends on that customer's
facts and on the mix of all customers, and both stay the same. So a million customers cost an insert per table and copy.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import psycopg

from machine.embedded_postgres import start_embedded_postgres, stop_embedded_postgres
from profile_api.access.api_keys import create_demo_keys
from profile_api.store.database import connect
from profile_api.store.derive import refresh_derived
from profile_api.store.migrate import migrate

_CHUNK = 1 << 22
HOME = Path(__file__).parents[2] / ".parcours" / "bench"
BASE = 10_000
_SETTINGS = "shared_buffers = '4GB'\n"  # as on a server of its own, so that the company is in memory for everybody
_LAYOUT = 2  # counts up when the generated rows change, so that no company of older making is taken for a new one
_FACTS = (Path(__file__).parent / "company.sql").read_text()
_COPYING_AT_ONCE = 2

# How a row of the base becomes a row of the {copy}-th one. What is not named stays; generated columns make themselves.
_MOVED_CUSTOMER = {"customer_id": "customer_id + {customers}"}
_MOVED_ORDER = {"order_id": "order_id + 4 * {customers}"}
_COPIES: dict[str, dict[str, str]] = {
    "customer": {"id": "id + {customers}", "root_id": "root_id + {customers}"},
    "identity": _MOVED_CUSTOMER
    | {"id": "default", "value": "replace(value, customer_id::text, (customer_id + {customers})::text)"},
    "customer_order": _MOVED_CUSTOMER | {"id": "id + 4 * {customers}", "order_key": "'O' || id + 4 * {customers}"},
    "order_line": _MOVED_CUSTOMER | _MOVED_ORDER,
    "event": _MOVED_CUSTOMER
    | _MOVED_ORDER
    | {"id": "id + 20 * {customers}", "message_key": "md5({copy} || '-' || id)::uuid"},
    "lifecycle_transition": _MOVED_CUSTOMER,
    "lifecycle_clock": _MOVED_CUSTOMER,
    "purchase_journey": _MOVED_CUSTOMER | _MOVED_ORDER | {"first_event_id": "first_event_id + 20 * {customers}"},
    "customer_metrics": _MOVED_CUSTOMER
    | {
        "acquisition": "jsonb_set(acquisition, '{{orderId}}',"
        " to_jsonb((acquisition ->> 'orderId')::bigint + 4 * {customers}))"
    },
    "latest_prediction": _MOVED_CUSTOMER | {"prediction_id": "prediction_id + {customers}"},
    "consent": _MOVED_CUSTOMER | {"id": "default"},
}


def prepared_company(customers: int) -> str:
    """The URL of a database with so many customers, made now if there is none."""
    base = min(customers, BASE)
    if customers % base:
        raise SystemExit(f"--customers must be at most {BASE} or a multiple of it, found {customers}")
    server = _server()
    name = f"company_{customers}_{_LAYOUT}"
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            migrate(_database(server, name))  # to what the servers expect today
            return _in_memory(_database(server, name))
        connection.execute(f"drop database if exists {name}_new".encode())
        connection.execute(f"create database {name}_new".encode())
    started = time.perf_counter()
    _make(_database(server, f"{name}_new"), base, customers)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {name}_new rename to {name}".encode())
    print(f"made {customers} customers in {time.perf_counter() - started:.0f} s", flush=True)
    return _in_memory(_database(server, name))


def _server() -> str:
    """The benchmark's own PostgreSQL, with settings of its own."""
    folder = HOME / "postgres"
    settings = folder / "parcours.local.conf"
    server = start_embedded_postgres(folder)
    if settings.exists() and settings.read_text() == _SETTINGS:
        return server
    settings.write_text(_SETTINGS)
    stop_embedded_postgres(folder)
    return start_embedded_postgres(folder)


def _in_memory(url: str) -> str:
    """Reads the database's files once, so that no server meets the disk: what follows measures servers."""
    with psycopg.connect(url) as connection:
        (oid,) = connection.execute("select oid from pg_database where datname = current_database()").fetchone() or (0,)
    for path in sorted((HOME / "postgres" / "base" / str(oid)).iterdir()):
        with path.open("rb", buffering=0) as file:
            while file.read(_CHUNK):
                pass
    return url


def _database(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _make(url: str, base: int, customers: int) -> None:
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set bench.base = {base}".encode())
        connection.execute("set synchronous_commit = off")
        connection.execute(_FACTS.encode())
        connection.execute("analyze")
    asyncio.run(_derive(url))
    with psycopg.connect(url, autocommit=True) as connection:
        if customers > base:
            _multiply(connection, url, base, customers // base)
        connection.execute("vacuum analyze")


def _multiply(connection: psycopg.Connection, url: str, base: int, times: int) -> None:
    connection.execute("create schema base")
    for table in _COPIES:
        connection.execute(f"create table base.{table} as select * from {table}".encode())
    indexes = _without_indexes(connection)
    with ThreadPoolExecutor(_COPYING_AT_ONCE) as threads:
        list(threads.map(partial(_copy, url, base), range(1, times)))
    connection.execute("set maintenance_work_mem = '1GB'")
    for index in indexes:
        connection.execute(index.encode())
    connection.execute("drop schema base cascade")


async def _derive(url: str) -> None:
    connection = await connect(url, statement_timeout_s=3600)
    try:
        await refresh_derived(connection, 1, None, now=datetime.now(UTC))
    finally:
        await connection.close()


def _without_indexes(connection: psycopg.Connection) -> list[str]:
    """Drops the indexes that hold no promise, and returns how to make them again: cheaper than keeping them sorted."""
    found = connection.execute(
        """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
        from pg_index join pg_class on pg_class.oid = indrelid
        where relname = any(%s) and not indisunique
        """,
        [list(_COPIES)],
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}".encode())
    return [definition.replace(" ON ONLY ", " ON ") for _, definition in found]


def _copy(url: str, base: int, copy: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set session_replication_role = replica")  # the copies refer to each other as the base does
        for table, moved in _COPIES.items():
            values = {
                column: moved.get(column, column).format(customers=copy * base, copy=copy)
                for column in _columns(connection, table)
                if moved.get(column) != "default"
            }
            columns, expressions = ", ".join(values), ", ".join(values.values())
            connection.execute(f"insert into {table} ({columns}) select {expressions} from base.{table}".encode())


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = '' order by attnum",
        [table],
    )
    return [name for (name,) in rows]


def agent_token(url: str) -> str:
    """A demo key of the role a call centre uses."""

    async def create() -> str:
        connection = await asyncpg.connect(url)
        try:
            keys = await create_demo_keys(connection, tenant="bench", now=datetime.now(UTC))
        finally:
            await connection.close()
        return keys["agent"]

    return asyncio.run(create())
