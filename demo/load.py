"""Loads the chosen data set, once per state folder, and moves its history so that it ends yesterday."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from demo.options import DemoOptions, KnownDataset
from demo.progress import Progress
from demo.simulation.simulate import simulate
from demo.steps import Steps
from profile_api.ingest.complete_journey import TIME_ZONE, prepare_complete_journey, write_complete_journey
from profile_api.ingest.orders import import_orders
from profile_api.ingest.report import ImportSummary
from profile_api.ingest.workspace import workspace

TENANT: Final = "default"
COMPLETE_JOURNEY_ENDS_ON: Final = date(2017, 12, 31)
"""The last local day of the data set, in New York."""


def load_dataset(options: DemoOptions, steps: Steps, progress: Progress, *, database_url: str, now: datetime) -> None:
    """Imports the data set and everything derived from it in one transaction; safe to repeat after an interruption."""
    if options.known_dataset is KnownDataset.COMPLETE_JOURNEY:
        _load_complete_journey(options, steps, progress, database_url=database_url, now=now)
        return
    with steps.step("load", f"{options.dataset_name} imported"):
        summary = import_orders(database_url, Path(options.dataset), tenant=TENANT, now=now)
    _note(steps, progress, summary)


def weeks_to_yesterday(ends_on: date, *, today: date) -> int:
    """How many whole weeks the history can be moved and still end before today; weekdays stay what they were."""
    return max(0, (today - timedelta(days=1) - ends_on).days // 7)


def _load_complete_journey(
    options: DemoOptions, steps: Steps, progress: Progress, *, database_url: str, now: datetime
) -> None:
    today = now.astimezone(ZoneInfo(TIME_ZONE)).date()
    weeks = 0 if options.keep_dates else weeks_to_yesterday(COMPLETE_JOURNEY_ENDS_ON, today=today)
    # Kept for a second attempt on another day: the same facts must arrive at the same instants.
    weeks = progress.facts.setdefault("moved_by_weeks", weeks)
    with workspace() as duck:
        with steps.step("read", "The Complete Journey read"):
            prepare_complete_journey(duck, shift=timedelta(weeks=weeks), limit_customers=options.limit_customers)
        with steps.step("simulate", "Names, visits, mails, deliveries, tickets and answers simulated"):
            simulated = simulate(duck)
        progress.save()
        with steps.step("load", "Facts written; stages, journeys and metrics derived"):
            summary = write_complete_journey(database_url, duck, tenant=TENANT)
    _note(steps, progress, summary)
    progress.facts["simulated_touchpoints"] = simulated.touchpoints
    if weeks:
        ends_on = COMPLETE_JOURNEY_ENDS_ON + timedelta(weeks=weeks)
        progress.facts["history_ends_on"] = ends_on.isoformat()
        steps.note(f"the history was moved by {weeks} whole weeks and ends on {ends_on:%A %d %B %Y}")


def _note(steps: Steps, progress: Progress, summary: ImportSummary) -> None:
    progress.facts.update(
        customers=summary.customers_inserted,
        orders=summary.orders_inserted,
        lines=summary.lines_inserted,
        touchpoints=summary.events_inserted,
    )
    steps.note(
        f"{summary.customers_inserted:,} customers, {summary.orders_inserted:,} orders, "
        f"{summary.lines_inserted:,} lines, {summary.events_inserted:,} touchpoints"
    )
