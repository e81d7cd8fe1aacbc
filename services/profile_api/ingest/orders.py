"""`parcours import orders`: an order file becomes customers, orders, adjustments and touchpoints, or nothing at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import duckdb

from customer.order_file import OrderFileSummary, read_order_file
from customer.vocabulary import Channel, IdentityType
from profile_api.ingest.order_facts import write_order_facts
from profile_api.ingest.rejects import write_rejects
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.workspace import workspace
from profile_api.ingest.writing import StepTimes, finish_write, tenant_write
from profile_api.store.database import connect
from profile_api.store.tenants import find_tenant


def import_orders(
    database_url: str,
    path: Path,
    *,
    tenant: str = "default",
    source: str = "orders",
    now: datetime | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str | None = None,
    time_zone: str | None = None,
    channel: Channel = Channel.OTHER,
    identity_type: IdentityType = IdentityType.USER_ID,
    rejects: Path | None = None,
    memory_mb: int = 1024,
    progress: Progress = silent,
) -> ImportSummary:
    """Imports a file in one transaction; running it again writes nothing. Not to be called from a running event loop.

    `rejects` is the file that names the rows not taken (default: beside the order file). Errors: OrderFileError,
    TenantMismatchError, UnknownTimeZoneError.
    """
    times = StepTimes(progress)
    with workspace(memory_mb=memory_mb) as duck:
        times("reading")
        kept = asyncio.run(_known_tenant(database_url, tenant))
        found = read_order_file(
            duck,
            path,
            now=now or datetime.now(UTC),
            time_zone=time_zone or (kept[1] if kept else "UTC"),
            currency=currency or (kept[0] if kept else None),
            mapping=mapping,
            default_channel=channel,
        )
        rejects_file = write_rejects(duck, rejects or path.with_name(f"{path.name}.rejects.csv"))
        summary = asyncio.run(
            write_orders(
                database_url, duck, found, tenant=tenant, source=source, time_zone=time_zone,
                identity_type=identity_type, progress=times,
            )
        )  # fmt: skip
    times.finish()
    return ImportSummary(**{**asdict(summary), "rejects_file": rejects_file, "seconds": times.seconds})


async def write_orders(
    database_url: str,
    duck: duckdb.DuckDBPyConnection,
    found: OrderFileSummary,
    *,
    tenant: str,
    source: str,
    time_zone: str | None,
    identity_type: IdentityType,
    progress: Progress,
) -> ImportSummary:
    """Writes the workspace's order facts and everything derived from them in one transaction."""
    async with tenant_write(database_url, tenant, currency=found.currency, time_zone=time_zone) as (connection, kept):
        written = await write_order_facts(
            connection, duck, tenant=kept, source=source, identity_type=identity_type, progress=progress
        )
        await finish_write(connection, kept, written.touched, progress=progress)
        progress("committing")
    return ImportSummary(
        source=source,
        tenant=tenant,
        rows=found.rows,
        rejected=found.rejected,
        ignored=found.ignored,
        repeated=found.repeated,
        customers_inserted=written.customers_inserted,
        orders_inserted=written.orders_inserted,
        orders_changed=written.orders_changed,
        orders_unchanged=written.orders_unchanged,
        orders_of_others=len(written.foreign_orders),
        lines_inserted=written.lines_inserted,
        adjustments_inserted=written.adjustments_inserted,
        events_inserted=written.events_inserted,
        customers_touched=len(written.touched),
    )


async def _known_tenant(database_url: str, tenant: str) -> tuple[str, str] | None:
    connection: asyncpg.Connection = await connect(database_url)
    try:
        known = await find_tenant(connection, tenant)
        return (known.currency, known.time_zone) if known else None
    finally:
        await connection.close()
