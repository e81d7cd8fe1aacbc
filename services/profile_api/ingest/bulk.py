"""Writes everything a DuckDB workspace holds (see `relations`) in one transaction: nothing is ever half-loaded."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import duckdb

from customer.vocabulary import IdentityType
from profile_api.ingest import relations
from profile_api.ingest.order_facts import row_count, write_order_facts
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.staging import stage
from profile_api.ingest.statements import statement
from profile_api.ingest.writing import StepTimes, finish_write, tenant_write
from profile_api.store.tenants import Tenant


def import_workspace(
    database_url: str,
    duck: duckdb.DuckDBPyConnection,
    *,
    tenant: str = "default",
    source: str,
    currency: str | None = None,
    time_zone: str | None = None,
    identity_type: IdentityType = IdentityType.USER_ID,
    source_trust: Sequence[str] = (),
    now: datetime | None = None,
    orders_are_told: bool = False,
    progress: Progress = silent,
) -> ImportSummary:
    """Writes the workspace's relations and all that is derived from them; known facts are left alone.

    `source` and `identity_type` are those of the orders; `source_trust` lists the sources of person records, most
    trusted first. Not to be called from a running event loop.
    """
    times = progress if isinstance(progress, StepTimes) else StepTimes(progress)

    instant = now or datetime.now(UTC)

    async def write() -> ImportSummary:
        async with tenant_write(database_url, tenant, currency=currency, time_zone=time_zone) as (connection, kept):
            writer = _Writer(
                connection, duck, kept, source, identity_type, tuple(source_trust), instant, orders_are_told, times
            )
            summary = await writer.write()
            await finish_write(connection, kept, sorted(writer.touched), now=instant, progress=times)
            times("committing")
        return replace(summary, customers_touched=len(writer.touched))

    summary = asyncio.run(write())
    times.finish()
    return replace(summary, seconds=times.seconds)


class _Writer:
    """One run over the relations, in the order that lets each find the people it names."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        duck: duckdb.DuckDBPyConnection,
        tenant: Tenant,
        source: str,
        identity_type: IdentityType,
        source_trust: tuple[str, ...],
        now: datetime,
        orders_are_told: bool,
        progress: Progress,
    ) -> None:
        self.connection, self.duck, self.tenant, self.progress = connection, duck, tenant, progress
        self.source, self.identity_type, self.source_trust = source, identity_type, source_trust
        self.now, self.orders_are_told = now, orders_are_told
        self.tables = relations.tables_of(duck)
        self.touched: set[int] = set()
        self.summary = ImportSummary(source=source, tenant=tenant.key)

    async def write(self) -> ImportSummary:
        if "claim_fact" in self.tables:
            await self._claims()
        everybody = relations.owners(self.duck, orders_by=self.identity_type, source=self.source)
        if "identity_fact" in self.tables:
            # Who goes by an identity that another record holds as a further one is that record's person, not a new one.
            await self._bearers(f"{everybody} having (type, value) not in (select (type, value) from identity_fact)")
            limits = relations.identity_limits()
            linked = await self._staged("identity", "select * from identity_fact", "new_identities", *limits)
            self._count(identities_inserted=sum(row["identities"] for row in linked))
        await self._bearers(everybody)
        if "order_fact" in self.tables:
            await self._orders()
        if "person_fact" in self.tables:
            await self._people()
        if "touchpoint_fact" in self.tables:
            self.progress("writing touchpoints")
            await self._bearers(relations.touchpoint_bearers())
            told = await self._staged("touchpoint", relations.touchpoints(), "new_events", self.tenant.time_zone)
            self._count(events_inserted=sum(row["events"] for row in told))
        if "consent_fact" in self.tables:
            stated = await self._staged("consent", "select * from consent_fact", "new_consents")
            self._count(consents_inserted=sum(row["consents"] for row in stated))
        return self.summary

    async def _claims(self) -> None:
        self.progress("finding customers")
        await stage(self.connection, self.duck, table="stage_claim", query="select * from claim_fact")
        status = await self.connection.execute(
            statement("claimed_identities"), self.tenant.id, *relations.identity_limits(), self.source, self.now
        )
        self._count(identities_inserted=row_count(status))

    async def _bearers(self, query: str) -> None:
        if not query:
            return
        self.progress("finding customers")
        await stage(self.connection, self.duck, table="stage_bearer", query=query)
        inserted = await self.connection.fetchval(statement("new_customers"), self.tenant.id)
        await self.connection.execute("drop table stage_bearer")
        await self.connection.execute("analyze identity")
        self._count(customers_inserted=inserted)

    async def _staged(self, name: str, query: str, write: str, *more: object) -> list[asyncpg.Record]:
        """Stages the query as stage_<name> and runs the statement, which answers with the touched roots."""
        await stage(self.connection, self.duck, table=f"stage_{name}", query=query)
        rows: list[asyncpg.Record] = await self.connection.fetch(statement(write), self.tenant.id, *more)
        self.touched.update(row["root_id"] for row in rows)
        return rows

    async def _orders(self) -> None:
        written = await write_order_facts(
            self.connection, self.duck, tenant=self.tenant, source=self.source, identity_type=self.identity_type,
            orders_are_told=self.orders_are_told, progress=self.progress,
        )  # fmt: skip
        self.touched.update(written.touched)
        self._count(
            orders_inserted=written.orders_inserted,
            orders_changed=written.orders_changed,
            orders_unchanged=written.orders_unchanged,
            orders_of_others=written.orders_of_others,
            lines_inserted=written.lines_inserted,
            adjustments_inserted=written.adjustments_inserted,
            events_inserted=written.events_inserted,
        )

    async def _people(self) -> None:
        self.progress("writing people")
        rows = await self._staged("person", "select * from person_fact", "source_records")
        new = sum(row["is_new"] for row in rows)
        self._count(records_inserted=new, records_changed=len(rows) - new)
        roots = sorted({row["root_id"] for row in rows})
        trust = list(self.source_trust)
        await self.connection.execute("update tenant set source_trust = $2 where id = $1", self.tenant.id, trust)
        await self.connection.execute(statement("golden_record"), roots, trust)

    def _count(self, **counts: int) -> None:
        """Adds to the summary."""
        added = {name: getattr(self.summary, name) + count for name, count in counts.items()}
        self.summary = replace(self.summary, **added)
