"""How facts become a snapshot: each relation into one folder per bucket, then the manifest, with the facts' name."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from customer.features.relations import RELATIONS
from customer.order_file.source import literal
from training.data.facts import open_facts
from training.data.pieces import in_order
from training.data.snapshot import CUSTOMERS, CUSTOMERS_PER_BUCKET, MANIFEST, NoFactsError, Snapshot

_DIGEST = (Path(__file__).parent / "sql" / "digest.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the facts of a snapshot come from, and how they are to be read."""

    origin: str  # named to people when there are none
    known_before: datetime
    time_zone: str
    currency: str


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


def write_relation(connection: duckdb.DuckDBPyConnection, folder: Path, relation: str, source: str) -> int:
    """Copies `source` (a relation of the connection) into one folder per bucket; returns how many rows."""
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
        return 0
    files = literal(f"{folder}/{relation}/*/*.parquet")
    [(rows,)] = connection.execute(f"select count(*) from read_parquet({files})").fetchall()
    return int(rows)


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
    written: Mapping[str, int],
    provenance: Provenance,
    *,
    bucket_count: int,
) -> Snapshot:
    """Adds the customers and the manifest to relations that were written with so many rows.

    `feature_customer` must be in the connection. Errors: NoFactsError.
    """
    customers = folder / CUSTOMERS
    customers.mkdir()
    connection.execute(
        "copy (select customer_id, customer_key from feature_customer) "
        f"to {literal(str(customers / 'all.parquet'))} (format parquet)"
    )
    [(customer_count,)] = connection.execute("select count(*) from feature_customer").fetchall()
    digests = in_order(lambda bucket: _digest_of_bucket(folder, bucket), range(bucket_count))
    return write_manifest(
        folder, written, provenance, bucket_count=bucket_count, customer_count=customer_count, digest=sum(digests),
        has_amounts=_has_amounts(connection, folder),
    )  # fmt: skip


def _digest_of_bucket(folder: Path, bucket: int) -> int:
    with open_facts(folder, bucket) as connection:
        return digest(connection)


def digest(connection: duckdb.DuckDBPyConnection) -> int:
    """Names the facts in the relations of the connection by what they say, not by their internal numbers or order."""
    [(found,)] = connection.execute(_DIGEST).fetchall()
    return int(found)


def write_manifest(
    folder: Path,
    written: Mapping[str, int],
    provenance: Provenance,
    *,
    bucket_count: int,
    customer_count: int,
    digest: int,
    has_amounts: bool,
) -> Snapshot:
    """Of relations written with so many rows, and of customers, all there already. Errors: NoFactsError."""
    if written["feature_order"] + written["feature_event"] == 0:
        raise NoFactsError(source=provenance.origin)
    named = [duckdb.__version__, provenance.time_zone, provenance.currency, customer_count, str(digest)]
    snapshot = Snapshot(
        folder=folder,
        content_hash=hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16],
        known_before=provenance.known_before,
        time_zone=provenance.time_zone,
        currency=provenance.currency,
        has_amounts=has_amounts,
        bucket_count=bucket_count,
        row_counts={**written, CUSTOMERS: customer_count},
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
