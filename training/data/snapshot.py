"""A snapshot: the facts of one brand as of one instant, frozen in Parquet, split by customer into buckets."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from customer.errors import ParcoursError
from customer.features.moment import local_midnight
from customer.features.relations import RELATIONS
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
class Provenance:
    """Where the facts of a snapshot come from, and how they are to be read."""

    origin: str  # named to people when there are none
    known_before: datetime
    time_zone: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Facts that occurred and were received before `known_before`.

    `content_hash` names them whatever their order; it can be compared between snapshots of one version of DuckDB.
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


def assign_buckets(connection: duckdb.DuckDBPyConnection) -> int:
    """Makes `member_bucket` out of `feature_member`: where each member's facts go. Returns the number of buckets."""
    [(customers,)] = connection.execute("select count(distinct customer_id) from feature_member").fetchall()
    buckets = max(1, -(-customers // CUSTOMERS_PER_BUCKET))
    # A member that belonged to several customers in its time has its facts in each of their buckets.
    connection.execute(
        "create or replace table member_bucket as "
        f"select distinct member_id, cast(customer_id % {buckets} as integer) as bucket from feature_member"
    )
    return int(buckets)


def write_relation(connection: duckdb.DuckDBPyConnection, folder: Path, relation: str, source: str) -> tuple[int, str]:
    """Copies `source` (a relation of the connection) into one folder per bucket; returns its rows and their digest."""
    columns = list(RELATIONS[relation])
    place = "member_bucket.member_id = fact.member_id"
    if "customer_id" in columns:  # a membership goes only where its customer is
        place += " and member_bucket.bucket = fact.customer_id % (select max(bucket) + 1 from member_bucket)"
    connection.execute(
        f"copy (select {', '.join(f'fact.{name}' for name in columns)}, member_bucket.bucket "
        f"from {source} as fact join member_bucket on {place}) "
        f"to {literal(str(folder / relation))} (format parquet, partition_by (bucket), compression zstd)"
    )
    if not any((folder / relation).glob("bucket=*/*.parquet")):
        return 0, ""
    files = literal(f"{folder}/{relation}/*/*.parquet")
    # The sum of the rows' hashes does not depend on their order, and duplicates do not cancel out.
    [(rows, digest)] = connection.execute(
        f"select count(*), sum(cast(hash({', '.join(columns)}) as hugeint)) from read_parquet({files})"
    ).fetchall()
    return int(rows), str(digest)


def freeze(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    sources: Iterable[tuple[str, str]],
    provenance: Provenance,
) -> Snapshot:
    """Writes every (relation, its source in the connection) and the manifest. `feature_member` and `feature_customer`
    must be in the connection; a source is read once, before the next one is asked for. Errors: NoFactsError."""
    bucket_count = assign_buckets(connection)
    written = {relation: write_relation(connection, folder, relation, source) for relation, source in sources}
    return seal(connection, folder, written, provenance, bucket_count=bucket_count)


def seal(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    written: Mapping[str, tuple[int, str]],
    provenance: Provenance,
    *,
    bucket_count: int,
) -> Snapshot:
    """Adds the customers and the manifest to relations that were written with these rows and digests.

    `feature_customer` must be in the connection. Errors: NoFactsError.
    """
    customers = folder / CUSTOMERS
    customers.mkdir()
    connection.execute(
        "copy (select customer_id, customer_key from feature_customer) "
        f"to {literal(str(customers / 'all.parquet'))} (format parquet)"
    )
    [(customer_count,)] = connection.execute("select count(*) from feature_customer").fetchall()
    return write_manifest(
        folder, written, provenance, bucket_count=bucket_count, customer_count=customer_count,
        has_amounts=_has_amounts(connection, folder),
    )  # fmt: skip


def write_manifest(
    folder: Path,
    written: Mapping[str, tuple[int, str]],
    provenance: Provenance,
    *,
    bucket_count: int,
    customer_count: int,
    has_amounts: bool,
) -> Snapshot:
    """Of relations written with these rows and digests, and of customers, all there already. Errors: NoFactsError."""
    if written["feature_order"][0] + written["feature_event"][0] == 0:
        raise NoFactsError(source=provenance.origin)
    named = [duckdb.__version__, provenance.time_zone, provenance.currency, sorted(written.items())]
    snapshot = Snapshot(
        folder=folder,
        content_hash=hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16],
        known_before=provenance.known_before,
        time_zone=provenance.time_zone,
        currency=provenance.currency,
        has_amounts=has_amounts,
        bucket_count=bucket_count,
        row_counts={relation: rows for relation, (rows, _) in written.items()} | {CUSTOMERS: customer_count},
    )
    values = {key: value for key, value in asdict(snapshot).items() if key != "folder"}
    values["known_before"] = snapshot.known_before.isoformat()
    # The last step: a folder without a manifest is no snapshot, so an interrupted one is never mistaken for one.
    (folder / MANIFEST).write_text(json.dumps(values, indent=2))
    return snapshot


def _has_amounts(connection: duckdb.DuckDBPyConnection, folder: Path) -> bool:
    if not any((folder / "feature_order").glob("bucket=*/*.parquet")):
        return False
    files = f"read_parquet({literal(f'{folder}/feature_order/*/*.parquet')})"
    [(found,)] = connection.execute(f"select count(total_minor) > 0 from {files}").fetchall()
    return bool(found)
