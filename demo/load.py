"""Loads the chosen data set, once per state folder, and moves a public one's history so that it ends yesterday."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from customer.order_file import read_order_file
from customer.vocabulary import Channel
from demo.home import Home
from demo.options import DemoOptions, KnownDataset
from demo.progress import Progress
from demo.simulation.simulate import simulate
from demo.steps import Steps
from profile_api.ingest import complete_journey, online_retail
from profile_api.ingest.bulk import import_workspace
from profile_api.ingest.rejects import write_rejects
from profile_api.ingest.report import ImportSummary
from profile_api.ingest.workspace import workspace

TENANT: Final = "default"
COMPLETE_JOURNEY_ENDS_ON: Final = date(2017, 12, 31)
ONLINE_RETAIL_ENDS_ON: Final = date(2011, 12, 9)
"""The last local days of the public data sets."""

_MOVING: Final = (Path(__file__).parent / "moving.sql").read_text()


def load_dataset(
    options: DemoOptions, home: Home, steps: Steps, progress: Progress, *, database_url: str, now: datetime
) -> None:
    """Imports the data set and everything derived from it in one transaction; safe to repeat after an interruption."""
    match options.known_dataset:
        case KnownDataset.COMPLETE_JOURNEY:
            weeks = _weeks(options, progress, COMPLETE_JOURNEY_ENDS_ON, complete_journey.TIME_ZONE, now)
            summary = _load_complete_journey(options, steps, progress, database_url=database_url, weeks=weeks)
            ends_on, time_zone = COMPLETE_JOURNEY_ENDS_ON + timedelta(weeks=weeks), complete_journey.TIME_ZONE
        case KnownDataset.ONLINE_RETAIL_II:
            weeks = _weeks(options, progress, ONLINE_RETAIL_ENDS_ON, online_retail.TIME_ZONE, now)
            with steps.step("read", "Online Retail II fetched"):
                file = online_retail.cached(home.cache)
            time_zone = online_retail.TIME_ZONE
            summary, ends_on = _load_order_file(
                file, options, steps, home, database_url=database_url, now=now, weeks=weeks,
                source=online_retail.SOURCE, time_zone=time_zone,
            )  # fmt: skip
        case None:
            file, weeks, time_zone = Path(options.dataset), 0, "UTC"
            summary, ends_on = _load_order_file(file, options, steps, home, database_url=database_url, now=now)
    _note(steps, progress, summary)
    if weeks:
        steps.note(f"the history was moved by {weeks} whole weeks and ends on {ends_on:%A %d %B %Y}")
    progress.facts["history_ends_on"] = ends_on.isoformat()
    after = datetime.combine(ends_on + timedelta(days=1), datetime.min.time(), ZoneInfo(time_zone))
    progress.facts["history_ends_at"] = min(after, now).astimezone(UTC).isoformat()


def weeks_to_yesterday(ends_on: date, *, today: date) -> int:
    """How many whole weeks the history can be moved and still end before today; weekdays stay what they were."""
    return max(0, (today - timedelta(days=1) - ends_on).days // 7)


def move_order_facts(duck: duckdb.DuckDBPyConnection, *, weeks: int) -> None:
    """Moves the workspace's order facts to the same weekdays and local times, `weeks` later."""
    for statement in _MOVING.split(";\n\n"):
        duck.execute(statement, {"weeks": weeks})


def _weeks(options: DemoOptions, progress: Progress, ends_on: date, time_zone: str, now: datetime) -> int:
    today = now.astimezone(ZoneInfo(time_zone)).date()
    weeks = 0 if options.keep_dates else weeks_to_yesterday(ends_on, today=today)
    # Kept for a second attempt on another day: the same facts must arrive at the same instants.
    kept: int = progress.facts.setdefault("moved_by_weeks", weeks)
    progress.save()
    return kept


def _load_complete_journey(
    options: DemoOptions, steps: Steps, progress: Progress, *, database_url: str, weeks: int
) -> ImportSummary:
    with workspace() as duck:
        with steps.step("read", "The Complete Journey read"):
            complete_journey.prepare_complete_journey(
                duck, shift=timedelta(weeks=weeks), limit_customers=options.limit_customers
            )
        with steps.step("simulate", "Names, visits, mails, deliveries, tickets and answers simulated"):
            progress.facts["simulated_touchpoints"] = simulate(duck)
        with steps.step("load", "Facts written; stages, journeys and metrics derived"):
            return complete_journey.write_complete_journey(database_url, duck, tenant=TENANT)


def _load_order_file(
    file: Path,
    options: DemoOptions,
    steps: Steps,
    home: Home,
    *,
    database_url: str,
    now: datetime,
    weeks: int = 0,
    source: str = "orders",
    time_zone: str = "UTC",
) -> tuple[ImportSummary, date]:
    """The summary, and the local day of the last order."""
    with workspace() as duck:
        with steps.step("read", f"{file.name} read"):
            found = read_order_file(duck, file, now=now, time_zone=time_zone, default_channel=Channel.WEB)
            rejects = write_rejects(duck, home.folder / f"{file.name}.rejects.csv")
            if options.limit_customers:
                _keep_customers(duck, options.limit_customers)
            if weeks:
                move_order_facts(duck, weeks=weeks)
            [(last_day,)] = duck.execute("select max(local_day) from order_fact").fetchall()
        if rejects:
            steps.note(f"{found.rejected:,} rows could not be used; {rejects} says why")
        with steps.step("load", "Facts written; stages, journeys and metrics derived"):
            summary = import_workspace(
                database_url, duck, tenant=TENANT, source=source, currency=found.currency, time_zone=time_zone
            )
    return summary, date(1970, 1, 1) + timedelta(days=last_day or 0)


def _keep_customers(duck: duckdb.DuckDBPyConnection, count: int) -> None:
    duck.execute(
        "create or replace table kept as select customer_key from order_fact group by customer_key "
        "order by md5(customer_key) limit $count",
        {"count": count},
    )
    for table in ("order_fact", "order_adjustment_fact"):
        duck.execute(f"delete from {table} where customer_key not in (from kept)")
    duck.execute("delete from order_line_fact where order_key not in (select order_key from order_fact)")


def _note(steps: Steps, progress: Progress, summary: ImportSummary) -> None:
    facts: dict[str, Any] = {
        "customers": summary.customers_inserted,
        "orders": summary.orders_inserted,
        "lines": summary.lines_inserted,
        "touchpoints": summary.events_inserted,
    }
    progress.facts.update(facts)
    steps.note(", ".join(f"{count:,} {what}" for what, count in facts.items()))
