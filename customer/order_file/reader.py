"""Reads an order file into clean facts inside a DuckDB connection: one implementation for imports and for training."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from customer.channel import CHANNEL_WORDS
from customer.identity import BLOCKED_PATTERN
from customer.local_time import checked_time_zone
from customer.money import minor_digits
from customer.order_file.errors import EmptyFileError, UnreadableFileError
from customer.order_file.layouts import Layout, recognise, row_select
from customer.order_file.source import DuckDB, Source, open_source
from customer.vocabulary import Channel

_SQL = Path(__file__).parent / "sql"
_NUMBER_MACRO = (
    "create or replace macro order_file_number(written) as "
    "case when isfinite(try_cast(written as double)) then try_cast(written as double) end"
)
_STEPS = (
    "order_row", "order_row_repeat", "order_row_conflict", "order_reject", "order_row_taken", "order_line_fact",
    "order_row_return", "order_adjustment_fact", "order_fact",
)  # fmt: skip


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
    with _reading(path):
        return _read(connection, path, now, time_zone, currency, mapping or {}, default_channel, known_before)


def _read(
    connection: DuckDB,
    path: Path,
    now: datetime,
    time_zone: str,
    currency: str | None,
    mapping: Mapping[str, str],
    default_channel: Channel,
    known_before: datetime | None,
) -> OrderFileSummary:
    source = open_source(connection, path)
    layout = recognise(source, mapping)
    connection.execute(f"set TimeZone = '{checked_time_zone(time_zone)}'")
    connection.execute(f"create or replace view order_file_row as {row_select(layout, source)}")
    connection.execute(_time_macro(layout))
    connection.execute(_NUMBER_MACRO)
    rows, kept = _count(connection, source)
    found_currency = currency or layout.currency or _frequent_currency(connection, layout, known_before)
    has_amounts = bool({"amount", "unit_price"} & layout.expressions.keys())
    values = {
        "now": now.isoformat(),
        "known_before": known_before.isoformat() if known_before else None,
        "currency": found_currency,
        "written_in": layout.currency or found_currency,
        "minor_factor": 10 ** minor_digits(found_currency),
        "blocked_pattern": BLOCKED_PATTERN,
        "default_channel": str(layout.channel or default_channel),
        "has_amounts": has_amounts,
        "names_products": "product_id" in layout.expressions,
        "drops_repeats": not layout.exact_duplicates,
    }
    for step in _STEPS:
        connection.execute(*_bound((_SQL / f"{step}.sql").read_text(), values))
    return _summary(connection, layout, found_currency, has_amounts=has_amounts, rows=rows, kept=kept)


def _time_macro(layout: Layout) -> str:
    formats = ["%Y%m%d", *([layout.date_format] if layout.date_format else [])]
    attempts = ", ".join(f"cast(try_strptime(written, '{pattern}') as timestamptz)" for pattern in formats)
    parsed = f"coalesce(try_cast(written as timestamptz), {attempts})"
    return f"create or replace macro order_file_time(written) as case when isfinite({parsed}) then {parsed} end"


def _count(connection: DuckDB, source: Source) -> tuple[int, int]:
    [(rows, kept)] = connection.execute("select count(*), count(*) filter (is_kept) from order_file_row").fetchall()
    if rows == 0:
        raise EmptyFileError(source.path)
    return rows, kept


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Says of a file that DuckDB cannot read what is wrong with it; other troubles (a full disk) stay what they are."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in ("InvalidInputException", "IOException", "SerializationException"):
            raise
        if "No space left" in str(error):
            raise
        raise UnreadableFileError(path, problem=_without_content(str(error))) from None


def _without_content(message: str) -> str:
    """DuckDB quotes the offending line, which may name people: only its number and the kind of trouble are kept."""
    line = re.search(r"Line: (\d+)", message)
    where = f"line {line[1]}: " if line else ""
    if "utf-8" in message.lower():
        return f"{where}it is not UTF-8 text; convert it to UTF-8"
    return f"{where}{message.splitlines()[0] if not line else 'the line cannot be split into values'}"


def _frequent_currency(connection: DuckDB, layout: Layout, known_before: datetime | None) -> str:
    """What most rows are in; only rows already known count, lest the future choose the currency of the past."""
    if "currency" not in layout.expressions:
        return "EUR"
    found = connection.execute(
        "select upper(trim(currency)) from order_file_row where regexp_matches(trim(currency), '^[A-Za-z]{3}$') "
        "and ($1 is null or coalesce(order_file_time(received_at), order_file_time(ordered_at)) "
        "< cast($1 as timestamptz)) "
        "group by 1 order by count(*) desc, 1 limit 1",
        [known_before.isoformat() if known_before else None],
    ).fetchall()
    return str(found[0][0]) if found else "EUR"


def _bound(statement: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement with the values it names; the channel words are constants and become a map literal."""
    words = ", ".join(f"'{word}': '{channel}'" for word, channel in CHANNEL_WORDS.items())
    text = statement.replace("$channel_words", f"map {{{words}}}")
    named = {name: values[name] for name in re.findall(r"\$([a-z_]+)", text)}
    return text, named


def _summary(
    connection: DuckDB, layout: Layout, currency: str, *, has_amounts: bool, rows: int, kept: int
) -> OrderFileSummary:
    def one(query: str) -> int:
        return int(connection.execute(query).fetchall()[0][0])

    parsed, rejected = one("select count(*) from order_row"), one("select count(*) from order_reject")
    lines, adjustments = one("select count(*) from order_line_fact"), one("select count(*) from order_adjustment_fact")
    return OrderFileSummary(
        layout=layout.name,
        currency=currency,
        has_amounts=has_amounts,
        rows=rows,
        rejected=rejected,
        ignored=(rows - kept) + (kept - parsed),
        repeated=parsed - rejected - lines - adjustments,
        orders=one("select count(*) from order_fact"),
        lines=lines,
        adjustments=adjustments,
        customers=one(
            "select count(*) from (select customer_key from order_fact "
            "union select customer_key from order_adjustment_fact)"
        ),
    )
