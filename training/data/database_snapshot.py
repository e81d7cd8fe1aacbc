"""How the facts of a brand leave PostgreSQL as a snapshot: columnar, by ADBC, in one repeatable-read transaction."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import duckdb

from customer.errors import ParcoursError
from customer.features.relations import RELATIONS
from training.data.snapshot import Snapshot, bounded_connection, empty_folder, freeze

_STATEMENT_TIMEOUT = "30min"


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
        postgresql.connect(database_url) as database,
        database.cursor() as cursor,
        bounded_connection(memory_limit=memory_limit, spill=folder / "spill") as connection,
    ):
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(f"set local statement_timeout = '{_STATEMENT_TIMEOUT}'")
        tenant_id, time_zone, currency = _tenant(cursor, tenant_key)
        export = _Export(cursor, connection, tenant_id, known_before)
        export.register("feature_member")
        connection.execute("create table feature_member as select * from exported")
        connection.execute(
            "create view feature_customer as select distinct customer_id, cast(customer_id as varchar) as customer_key "
            "from feature_member"
        )
        return freeze(
            connection, folder, export.sources(),
            origin="the database", known_before=known_before, time_zone=time_zone, currency=currency,
        )  # fmt: skip


class _Export:
    """Streams one relation at a time from PostgreSQL to DuckDB under the name `exported`."""

    def __init__(
        self,
        cursor: postgresql.Cursor,
        connection: duckdb.DuckDBPyConnection,
        tenant_id: int,
        known_before: datetime,
    ) -> None:
        self._cursor = cursor
        self._connection = connection
        self._tenant_id = tenant_id
        self._known_before = known_before

    def register(self, relation: str) -> None:
        columns = RELATIONS[relation]
        known = f"timestamptz '{self._known_before.isoformat()}'"
        instants = [name for name in ("occurred_at", "received_at", "known_at") if name in columns]
        conditions = [f"tenant_id = {self._tenant_id:d}", *(f"{name} < {known}" for name in instants)]
        # COPY, which ADBC uses, takes no parameters: the tenant is a number and the instant our own.
        self._cursor.execute(f"select {', '.join(columns)} from {relation} where {' and '.join(conditions)}")
        self._connection.register("exported", self._cursor.fetch_record_batch())

    def sources(self) -> Iterator[tuple[str, str]]:
        for relation in RELATIONS:
            if relation == "feature_member":
                yield relation, relation
            else:
                self.register(relation)
                yield relation, "exported"


def _tenant(cursor: postgresql.Cursor, key: str | None) -> tuple[int, str, str]:
    cursor.execute("select id, key, time_zone, trim(currency) from tenant order by id")
    rows = cursor.fetchall()
    found = [row for row in rows if key is None or row[1] == key]
    if len(found) != 1:
        raise UnknownTenantError(asked=key, known=[row[1] for row in rows])
    tenant_id, _, time_zone, currency = found[0]
    return int(tenant_id), str(time_zone), str(currency)
