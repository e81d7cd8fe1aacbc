"""How an order file becomes a snapshot: no server, no database, only DuckDB, a share of the customers on each core."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from customer.errors import ParcoursError
from customer.features.relations import RELATIONS
from customer.order_file.reader import OrderFileSummary
from customer.order_file.shares import Counts, SplitFile, split_order_file
from customer.order_file.source import literal
from customer.order_file.typed_rows import Reading
from customer.vocabulary import Channel
from training.data import snapshot as snapshots
from training.data.freezing import Provenance, digest, write_manifest
from training.data.pieces import in_order
from training.data.snapshot import CUSTOMERS, NoFactsError, Snapshot, bounded_connection, empty_folder

_FACTS = Path(__file__).parent / "sql" / "facts_from_orders.sql"
ROWS_AT_ONCE = 2_000_000
"""Some 300 MB, while they become facts."""


class NoOrdersError(NoFactsError):
    """An order file without anything that can be used."""

    def __init__(self, file: Path, why: str) -> None:
        ParcoursError.__init__(self, f"{file.name!r} holds no orders to go by: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frozen:
    """What became of one share: rows of each relation, the facts' name, the first row that was refused and why."""

    counts: Counts
    refused: tuple[int, str] | None
    written: dict[str, int]
    digest: int
    has_amounts: bool


def snapshot_from_orders(
    orders: Path,
    folder: Path,
    *,
    known_before: datetime,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    time_zone: str = "UTC",
    currency: str | None = None,
    default_channel: Channel = Channel.OTHER,
    progress: Callable[[int, int], None] = lambda done, total: None,
    complain: Callable[[str], None] = lambda sentence: None,
) -> tuple[Snapshot, OrderFileSummary]:
    """Freezes what the file says had happened and was known before `known_before` into `folder`.

    `feature_customer` keeps each customer's own key beside the number used in spines and frames. `progress` hears how
    many rows of the file have become facts, `complain` which ones could not. Errors: those of reading order files,
    NoOrdersError, SnapshotExistsError.
    """
    empty_folder(folder)
    reading = Reading(
        now=now, time_zone=time_zone, currency=currency, mapping=mapping, default_channel=default_channel,
        known_before=known_before,
    )  # fmt: skip
    split = _split(orders, folder, reading)
    parts = _freeze_all(split, folder, progress)
    summary = split.summary(part.counts for part in parts)
    refused = _refusals(summary, split.opened.known_rows, parts)
    if not summary.orders:
        returns = f"{summary.adjustments:,} of its rows are returns, none an order" if summary.adjustments else ""
        why = "; ".join(part for part in (returns, refused) if part)
        raise NoOrdersError(orders, why or "its rows are none of customers who bought")
    if refused:
        complain(f"{orders.name}: {refused}")
    provenance = Provenance(
        origin=repr(orders.name), known_before=known_before, time_zone=time_zone, currency=summary.currency
    )
    snapshot = write_manifest(
        folder, {relation: sum(part.written[relation] for part in parts) for relation in RELATIONS}, provenance,
        bucket_count=split.count, customer_count=summary.customers, digest=sum(part.digest for part in parts),
        has_amounts=any(part.has_amounts for part in parts),
    )  # fmt: skip
    return snapshot, summary


def _split(orders: Path, folder: Path, reading: Reading) -> SplitFile:
    with bounded_connection(spill=folder / "spill") as connection:
        split = split_order_file(
            connection, orders, folder / "shares", reading,
            customers_at_once=snapshots.CUSTOMERS_PER_BUCKET, rows_at_once=ROWS_AT_ONCE,
        )  # fmt: skip
    if not split.opened.known_rows:
        moment = f"{reading.known_before:%Y-%m-%d %H:%M} UTC"
        raise NoOrdersError(orders, f"none of its {split.opened.rows:,} rows had happened, and was known, by {moment}")
    return split


def _freeze_all(split: SplitFile, folder: Path, progress: Callable[[int, int], None]) -> list[_Frozen]:
    """Leaves nothing of the shares but the facts they became."""
    (folder / CUSTOMERS).mkdir()
    parts = []
    for part in in_order(lambda number: _freeze(split, folder, number), range(split.count)):
        parts.append(part)
        progress(sum(one.counts.known for one in parts), split.opened.known_rows)
    shutil.rmtree(split.folder)
    return parts


def _freeze(split: SplitFile, folder: Path, number: int) -> _Frozen:
    """Writes the relations of a share, which become the bucket of its number."""
    alone = split.count == 1  # there is nobody to leave the other cores to
    with bounded_connection(spill=folder / "spill", threads=None if alone else 1) as connection:
        split.open_share(connection, number)
        connection.execute(f"set variable shares = {split.count}")
        connection.execute(f"set variable share = {number}")
        connection.execute(_FACTS.read_text())
        written = {relation: _write(connection, folder, relation, number) for relation in RELATIONS}
        customers = literal(str(folder / CUSTOMERS / f"{number}.parquet"))
        connection.execute(f"copy {CUSTOMERS} to {customers} (format parquet)")
        [(with_amounts,)] = connection.execute("select count(total_minor) from feature_order").fetchall()
        first = connection.execute("select row_number, reason from order_reject order by all limit 1").fetchone()
        return _Frozen(
            counts=_counts(connection), refused=first, written=written, digest=digest(connection),
            has_amounts=with_amounts > 0,
        )  # fmt: skip


def _refusals(summary: OrderFileSummary, known_rows: int, parts: list[_Frozen]) -> str:
    """How many rows were refused and why the first one was; empty when none was."""
    refused = [part.refused for part in parts if part.refused]
    if not refused:
        return ""
    row, reason = min(refused)
    return f"{summary.rejected:,} of {known_rows:,} rows cannot be used, the first of them row {row:,}: {reason}"


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, relation: str, number: int) -> int:
    """How many rows; without rows there is no file."""
    [(rows,)] = connection.execute(f"select count(*) from {relation}").fetchall()
    if rows:
        bucket = folder / relation / f"bucket={number}"
        bucket.mkdir(parents=True)
        connection.execute(
            f"copy (select {', '.join(RELATIONS[relation])} from {relation}) "
            f"to {literal(str(bucket / 'data_0.parquet'))} (format parquet, compression zstd)"
        )
    return int(rows)


def _counts(connection: duckdb.DuckDBPyConnection) -> Counts:
    def rows(table: str) -> int:
        [(found,)] = connection.execute(f"select count(*) from {table}").fetchall()
        return int(found)

    known, rejected, lines = rows("order_row"), rows("order_reject"), rows("feature_order_line")
    adjustments = rows("feature_adjustment")
    return Counts(
        known=known, rejected=rejected, repeated=known - rejected - lines - adjustments, orders=rows("feature_order"),
        lines=lines, adjustments=adjustments, customers=rows(CUSTOMERS),
    )  # fmt: skip
