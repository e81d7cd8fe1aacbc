"""A snapshot: the facts of one brand as of one instant, frozen in Parquet, split by customer into buckets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from customer.errors import ParcoursError
from customer.features.moment import local_midnight
from customer.order_file.source import literal

MANIFEST = "snapshot.json"
CUSTOMERS = "feature_customer"
CUSTOMERS_PER_BUCKET = 45_000
"""A little fewer than are computed at once (`pieces`), since some buckets of an order file hold a little more."""
MEMORY_LIMIT = "1GB"


class SnapshotMissingError(ParcoursError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{str(folder)!r} holds no snapshot ({MANIFEST} is missing); take one first")


class SnapshotExistsError(ParcoursError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{str(folder)!r} is not empty; a snapshot is never overwritten, give a new folder")


class NoFactsError(ParcoursError):
    def __init__(self, *, source: str) -> None:
        super().__init__(f"{source} holds no orders and no events known before the snapshot; import some first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Facts that occurred and were received before `known_before`.

    `content_hash` names the facts, whatever their order and internal numbers; it can be compared between snapshots of
    one version of DuckDB.
    """

    folder: Path
    content_hash: str
    known_before: datetime
    time_zone: str
    currency: str
    has_amounts: bool
    bucket_count: int
    row_counts: Mapping[str, int]
    looked_at: int | None = None  # only the customers of the first so many buckets; None: all

    @property
    def customer_count(self) -> int:
        return self.row_counts[CUSTOMERS]

    @property
    def buckets(self) -> range:
        return range(self.bucket_count if self.looked_at is None else self.looked_at)

    def sample(self, most_customers: int) -> "Snapshot":
        """The same facts, looked at for about so many customers at most, in whole buckets.

        A bucket holds customers by a digest of their keys, or by every n-th number: who they are does not matter.
        """
        affordable = max(most_customers * self.bucket_count // max(self.customer_count, 1), 1)
        return replace(self, looked_at=affordable) if affordable < len(self.buckets) else self

    @property
    def sample_of(self) -> int | None:
        """How many customers it is a sample of; None: it is all of them."""
        return None if self.looked_at is None else self.customer_count


def history(snapshot: Snapshot) -> tuple[datetime, datetime]:
    """The midnights, where the brand is, before its first order and after its last. Errors: NoFactsError."""
    files = literal(f"{snapshot.folder}/feature_order/*/*.parquet")
    with duckdb.connect() as connection:
        query = (
            "select date '1970-01-01' + min(local_day), date '1970-01-01' + max(local_day) + 1 "
            f"from read_parquet({files})"
        )
        [(first, end)] = connection.execute(query).fetchall()
    if first is None:
        raise NoFactsError(source=str(snapshot.folder))
    return local_midnight(first, snapshot.time_zone), local_midnight(end, snapshot.time_zone)


def end_of_history(snapshot: Snapshot) -> datetime:
    """The midnight, where the brand is, that follows its last order. Errors: NoFactsError."""
    return history(snapshot)[1]


def open_snapshot(folder: Path) -> Snapshot:
    """Errors: SnapshotMissingError."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise SnapshotMissingError(folder)
    values = json.loads(manifest.read_text())
    known_before = datetime.fromisoformat(values.pop("known_before"))
    return Snapshot(folder=folder, known_before=known_before, **values)


def empty_folder(folder: Path) -> None:
    """Makes the folder. Errors: SnapshotExistsError when something is in it."""
    if folder.exists() and any(folder.iterdir()):
        raise SnapshotExistsError(folder)
    folder.mkdir(parents=True, exist_ok=True)


def bounded_connection(
    *, memory_limit: str = MEMORY_LIMIT, spill: Path | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that keeps to its memory, spills to `spill`, and reads and writes times in UTC.

    `threads` None: one for each core.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "preserve_insertion_order": False,
    }
    if spill is not None:
        settings["temp_directory"] = str(spill)
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")  # it would go to stdout, among the results
    return connection
