"""How the facts of a brand leave PostgreSQL as a snapshot: columnar, by ADBC, as of one moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import adbc_driver_postgresql.dbapi as postgresql
import duckdb

from customer.errors import ParcoursError
from customer.features.relations import RELATIONS
from training.data.connecting import connect
from training.data.freezing import Provenance, assign_buckets, seal, write_relation
from training.data.pieces import in_order
from training.data.snapshot import Snapshot, bounded_connection, empty_folder

_STATEMENT_TIMEOUT = "30min"
_KNOWN_TO_HAVE_CEASED = "invalid_at < {known} and invalid_received_at < {known}"
_AS_KNOWN = {
    "invalid_at": f"case when {_KNOWN_TO_HAVE_CEASED} then invalid_at end",
    "invalid_received_at": f"case when {_KNOWN_TO_HAVE_CEASED} then invalid_received_at end",
    "until_at": "case when until_at < {known} then until_at else timestamptz '9999-12-31 00:00:00+00' end",
}
"""What becomes of a fact later is written beside it: that an order ceased to count, that a membership ended."""


class UnknownTenantError(ParcoursError):
    def __init__(self, *, asked: str | None, known: list[str]) -> None:
        wanted = f"no tenant {asked!r}" if asked else "no tenant was named"
        super().__init__(f"{wanted}; the database has {', '.join(known) or 'none'}")


def snapshot_from_database(
    database_url: str,
    folder: Path,
    *,
    known_before: datetime,
    tenant_key: str | None = None,
    memory_limit: str = "1GB",
) -> Snapshot:
    """Freezes what had happened and was known before `known_before`; `tenant_key` may be left out when there is one.

    Errors: UnknownTenantError, NoFactsError, SnapshotExistsError.
    """
    empty_folder(folder)
    with (
        _reader(database_url) as cursor,
        bounded_connection(memory_limit=memory_limit, spill=folder / "spill") as connection,
    ):
        tenant_id, time_zone, currency = _tenant(cursor, tenant_key)
        export = _Export(tenant_id, known_before)
        connection.register("exported", export.read(cursor, "feature_member"))
        connection.execute("create table feature_member as select * from exported")
        connection.execute(
            "create view feature_customer as select distinct customer_id, cast(customer_id as varchar) as customer_key "
            "from feature_member"
        )
        bucket_count = assign_buckets(connection)
        written = {"feature_member": write_relation(connection, folder, "feature_member", "feature_member")}
        written |= _written(database_url, cursor, connection, export, folder)
        provenance = Provenance(
            origin="the database", known_before=known_before, time_zone=time_zone, currency=currency
        )
        return seal(connection, folder, written, provenance, bucket_count=bucket_count)


def tenant_time_zone(database_url: str, tenant_key: str | None) -> str:
    """Errors: UnknownTenantError."""
    with _reader(database_url) as cursor:
        return _tenant(cursor, tenant_key)[1]


@dataclass(frozen=True, slots=True)
class _Export:
    """What leaves PostgreSQL."""

    tenant_id: int
    known_before: datetime

    def read(self, cursor: postgresql.Cursor, relation: str) -> Any:
        """The relation as a stream of Arrow batches, to be read before the cursor is used again."""
        columns = RELATIONS[relation]
        known = f"timestamptz '{self.known_before.isoformat()}'"
        instants = [name for name in ("occurred_at", "received_at", "known_at") if name in columns]
        conditions = [f"tenant_id = {self.tenant_id:d}", *(f"{name} < {known}" for name in instants)]
        # COPY, which ADBC uses, takes no parameters: the tenant is a number and the instant our own.
        exported = [
            f"{_AS_KNOWN[name].format(known=known)} as {name}" if name in _AS_KNOWN else name for name in columns
        ]
        cursor.execute(f"select {', '.join(exported)} from {relation} where {' and '.join(conditions)}")
        return cursor.fetch_record_batch()


def _written(
    database_url: str, cursor: postgresql.Cursor, connection: duckdb.DuckDBPyConnection, export: _Export, folder: Path
) -> dict[str, int]:
    """All relations but the members, two at a time: one connection keeps neither PostgreSQL nor this process busy.

    The second connection sees what the first one does: it takes over its snapshot.
    """
    cursor.execute("select pg_export_snapshot()")
    [(shared,)] = cursor.fetchall()
    # Touchpoints first: with them as the last, the other connection would have nothing left to do.
    relations = [relation for relation in reversed(RELATIONS) if relation != "feature_member"]
    with _reader(database_url, snapshot=shared) as other:
        idle = SimpleQueue[tuple[postgresql.Cursor, duckdb.DuckDBPyConnection]]()
        for one in (cursor, other):
            idle.put((one, connection.cursor()))

        def write(relation: str) -> int:
            source, target = idle.get()
            target.register(f"exported_{relation}", export.read(source, relation))
            found = write_relation(target, folder, relation, f"exported_{relation}")
            idle.put((source, target))
            return found

        return dict(zip(relations, in_order(write, relations, lanes=2), strict=True))


@contextmanager
def _reader(database_url: str, *, snapshot: str | None = None) -> Iterator[postgresql.Cursor]:
    """A cursor in a transaction that sees one moment of the database: its own, or that of a shared snapshot."""
    with connect(database_url) as database, database.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        if snapshot is not None:
            cursor.execute(f"set transaction snapshot '{snapshot}'")
        cursor.execute(f"set local statement_timeout = '{_STATEMENT_TIMEOUT}'")
        yield cursor


def _tenant(cursor: postgresql.Cursor, key: str | None) -> tuple[int, str, str]:
    cursor.execute("select id, key, time_zone, trim(currency) from tenant order by id")
    rows = cursor.fetchall()
    found = [row for row in rows if key is None or row[1] == key]
    if len(found) != 1:
        raise UnknownTenantError(asked=key, known=[row[1] for row in rows])
    tenant_id, _, time_zone, currency = found[0]
    return int(tenant_id), str(time_zone), str(currency)
