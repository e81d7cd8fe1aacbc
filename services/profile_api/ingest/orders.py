"""`parcours import orders`: an order file becomes customers, orders, adjustments and touchpoints, or nothing at all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from customer.order_file import read_order_file
from customer.vocabulary import Channel, IdentityType
from profile_api.ingest.bulk import import_workspace
from profile_api.ingest.rejects import write_rejects
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.workspace import workspace
from profile_api.ingest.writing import StepTimes, known_tenant


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
        known = known_tenant(database_url, tenant)
        found = read_order_file(
            duck,
            path,
            now=now or datetime.now(UTC),
            time_zone=time_zone or (known.time_zone if known else "UTC"),
            currency=currency or (known.currency if known else None),
            mapping=mapping,
            default_channel=channel,
        )
        listed = rejects or path.with_name(f"{path.name}.rejects.csv")
        rejects_file = write_rejects(duck, listed)
        summary = import_workspace(
            database_url, duck, tenant=tenant, source=source, currency=found.currency, time_zone=time_zone,
            identity_type=identity_type, progress=times,
        )  # fmt: skip
        if summary.orders_of_others:
            rejects_file = write_rejects(duck, listed)
    return replace(
        summary, rows=found.rows, rejected=found.rejected, ignored=found.ignored, repeated=found.repeated,
        rejects_file=rejects_file,
    )  # fmt: skip
