"""Reads an order file into clean facts inside a DuckDB connection: one implementation for imports and for training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from customer.order_file.source import DuckDB
from customer.order_file.typed_rows import OpenedFile, Reading, Value, open_order_file, readable, statement
from customer.vocabulary import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the rows of a file, or of a share of it, came to; a repeated row says again what another row says."""

    known: int
    rejected: int
    repeated: int
    orders: int
    lines: int
    adjustments: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFileSummary:
    """What a file held. `ignored` counts rows that are no orders by the layout's rules or not known yet; a repeated row
    says again what another row says."""

    layout: str
    currency: str
    has_amounts: bool
    rows: int
    rejected: int
    ignored: int
    repeated: int
    orders: int
    lines: int
    adjustments: int
    customers: int


def read_order_file(
    connection: DuckDB,
    path: Path,
    *,
    now: datetime,
    time_zone: str = "UTC",
    currency: str | None = None,
    mapping: Mapping[str, str] | None = None,
    default_channel: Channel = Channel.OTHER,
    known_before: datetime | None = None,
) -> OrderFileSummary:
    """Leaves the tables order_fact, order_line_fact, order_adjustment_fact and order_reject in the connection.

    `mapping` is theirs -> ours. `currency` None takes the file's most frequent one, else EUR. Rows dated after `now`
    are rejected; rows that happened or were received at `known_before` or later are left out, as if the file had been
    written at that instant. Errors: those of customer.order_file.errors, UnknownTimeZoneError.
    """
    reading = Reading(
        now=now, time_zone=time_zone, currency=currency, mapping=mapping, default_channel=default_channel,
        known_before=known_before,
    )  # fmt: skip
    with readable(path):
        opened = open_order_file(connection, path, reading)
        connection.execute("create or replace table order_row as from order_file_typed")
        find_conflicts(connection)
        derive_facts(connection, opened, facts="table")
    return summed_up(opened, [_counts(connection)])


def find_conflicts(connection: DuckDB) -> None:
    """Makes order_row_conflict of `order_row`, which must hold all rows of the file."""
    connection.execute(f"create or replace table order_row_conflict as {statement('order_row_conflict', {})}")


def derive_facts(connection: DuckDB, opened: OpenedFile, *, facts: str) -> None:
    """Makes order_reject, order_fact, order_line_fact and order_adjustment_fact of `order_row`, which must hold all
    rows of its customers, and of `order_row_conflict`.

    `facts`: orders and lines as a "table", or as a "view" for who reads few of their columns, and once.
    """
    values: dict[str, Value] = {
        "currency": opened.currency, "names_products": opened.names_products, "drops_repeats": opened.drops_repeats,
    }  # fmt: skip
    steps = {
        "order_row_repeat": "table", "order_reject": "table", "order_row_taken": "view", "order_line_fact": facts,
        "order_row_return": "table", "order_adjustment_fact": "table", "order_fact": facts,
    }  # fmt: skip
    for name, kind in steps.items():
        connection.execute(f"create or replace {kind} {name} as {statement(name, values)}")


def summed_up(opened: OpenedFile, parts: Iterable[Counts]) -> OrderFileSummary:
    """The file's summary out of the counts of all of its shares."""
    found = list(parts)
    totals = {one.name: sum(getattr(part, one.name) for part in found) for one in fields(Counts)}
    known = totals.pop("known")
    return OrderFileSummary(
        layout=opened.layout, currency=opened.currency, has_amounts=opened.has_amounts, rows=opened.rows,
        ignored=opened.rows - known, **totals,
    )  # fmt: skip


def _counts(connection: DuckDB) -> Counts:
    def one(query: str) -> int:
        return int(connection.execute(query).fetchall()[0][0])

    known, rejected = one("select count(*) from order_row"), one("select count(*) from order_reject")
    lines, adjustments = one("select count(*) from order_line_fact"), one("select count(*) from order_adjustment_fact")
    return Counts(
        known=known,
        rejected=rejected,
        repeated=known - rejected - lines - adjustments,
        orders=one("select count(*) from order_fact"),
        lines=lines,
        adjustments=adjustments,
        customers=one(
            "select count(*) from (select customer_key from order_fact "
            "union select customer_key from order_adjustment_fact)"
        ),
    )
