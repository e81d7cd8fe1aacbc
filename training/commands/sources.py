"""Where a command's facts come from, an order file or the database, and on whose clock dates are read."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from customer.features.moment import day_of
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot, end_of_history
from training.settings import TrainingSettings, database_url
from training.train import Progress

FILE_TIME_ZONE = "UTC"
"""Of an order file, unless somebody says another."""
_LONG_SILENCE_DAYS = 14


@contextmanager
def order_file_snapshot(
    orders: Path, *, as_of: datetime, now: datetime, mapping: Mapping[str, str], time_zone: str, progress: Progress
) -> Iterator[Snapshot]:
    """The facts of the file known before as_of; the folder is gone afterwards."""
    progress("reading orders: splitting the file")
    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        snapshot, _ = snapshot_from_orders(
            orders, Path(folder) / "snapshot", known_before=as_of, now=now, mapping=mapping, time_zone=time_zone,
            progress=lambda done, total: progress(f"reading orders: {done:,} of {total:,} rows"),
            complain=complain,
        )  # fmt: skip
        yield snapshot


def tell_silence(snapshot: Snapshot, as_of: datetime) -> None:
    """A file that ends long before the moment asked about is more often cut short than true."""
    silent = (as_of - end_of_history(snapshot)).days
    if silent >= _LONG_SILENCE_DAYS:
        complain(
            f"the last order of the file lies {silent} days before {day_of(as_of, snapshot.time_zone)}: if the shop "
            "sold since then, the file is cut short, and everybody looks as if about to leave"
        )


def complain(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def brand_time_zone(settings: TrainingSettings) -> str:
    """The time zone of the brand whose facts the database keeps. Errors: UnknownTenantError."""
    from training.data.database_snapshot import tenant_time_zone

    return tenant_time_zone(database_url(settings), settings.tenant)


@contextmanager
def database_snapshot(settings: TrainingSettings, *, known_before: datetime) -> Iterator[Snapshot]:
    """The facts of the database known before that instant; the folder is gone afterwards."""
    from training.data.database_snapshot import snapshot_from_database

    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        yield snapshot_from_database(
            database_url(settings), Path(folder) / "snapshot", known_before=known_before, tenant_key=settings.tenant
        )
