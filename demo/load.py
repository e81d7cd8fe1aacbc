"""Loads the chosen data set, once per state folder."""

from datetime import datetime
from pathlib import Path
from typing import Final

from demo.options import DemoOptions
from demo.progress import Progress
from demo.steps import Steps
from profile_api.ingest.orders import import_orders

TENANT: Final = "default"


def load_dataset(options: DemoOptions, steps: Steps, progress: Progress, *, database_url: str, now: datetime) -> None:
    """Imports the data set and everything derived from it; safe to repeat after an interruption."""
    with steps.step("load", f"{options.dataset_name} imported"):
        summary = import_orders(database_url, Path(options.dataset), tenant=TENANT, now=now)
    progress.facts["orders"] = summary.orders_inserted
    progress.facts["customers"] = summary.customers_inserted
