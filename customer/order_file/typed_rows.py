"""How a file's rows become typed values: what is read off the whole file first, and the view that judges each row."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from customer.channel import CHANNEL_MAP
from customer.identity import BLOCKED_PATTERN
from customer.local_time import checked_time_zone
from customer.money import minor_digits
from customer.order_file.errors import EmptyFileError, UnreadableFileError
from customer.order_file.layouts import Layout, recognise, row_select
from customer.order_file.source import DuckDB, literal, open_source
from customer.vocabulary import Channel

_SQL = Path(__file__).parent / "sql"
_SURVEY = "order_file_survey"
_MACROS = r"""
create or replace temporary macro form_of(written) as
  regexp_replace(regexp_replace(written[:40], '\pL', 'x', 'g'), '\pN', '0', 'g');
create or replace temporary macro no_number(name, written) as
  name || ' is not a number: ' || form_of(written)
  || if(contains(written, ','), ' (decimals take a point, thousands no mark)', '');
"""
Value = str | bool | int | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is to be read: see `read_order_file`."""

    now: datetime
    time_zone: str = "UTC"
    currency: str | None = None
    mapping: Mapping[str, str] | None = None
    default_channel: Channel = Channel.OTHER
    known_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """A file whose rows can be selected from the view `order_file_typed` of the connection that opened it.

    `known_rows` and `known_customers` (about so many) leave out what was not known yet.
    """

    layout: str
    currency: str
    has_amounts: bool
    names_products: bool
    drops_repeats: bool
    rows: int
    known_rows: int
    known_customers: int


def open_order_file(connection: DuckDB, path: Path, reading: Reading) -> OpenedFile:
    """Scans the file once. Errors: those of customer.order_file.errors, UnknownTimeZoneError."""
    source = open_source(connection, path)
    layout = recognise(source, reading.mapping or {})
    connection.execute(f"set TimeZone = '{checked_time_zone(reading.time_zone)}'")
    connection.execute(_MACROS)
    connection.execute(f"create or replace view order_file_row as {row_select(layout, source)}")
    rows, known_rows, known_customers, currencies = _survey(connection, layout, reading)
    if rows == 0:
        raise EmptyFileError(path)
    currency = reading.currency or layout.currency or _most_frequent(currencies)
    opened = OpenedFile(
        layout=layout.name,
        currency=currency,
        has_amounts=bool({"amount", "unit_price"} & layout.expressions.keys()),
        names_products="product_id" in layout.expressions,
        drops_repeats=not layout.exact_duplicates,
        rows=rows,
        known_rows=known_rows,
        known_customers=known_customers,
    )
    connection.execute(f"create or replace view order_file_typed as {_typed(layout, opened, reading)}")
    return opened


def _survey(connection: DuckDB, layout: Layout, reading: Reading) -> tuple[int, int, int, dict[str, int]]:
    values: dict[str, Value] = {
        "known_before": reading.known_before,
        "names_currency": "currency" in layout.expressions,
    }
    [(rows, known, customers, currencies)] = connection.execute(statement(_SURVEY, values)).fetchall()
    return rows, known, customers, currencies or {}


def _most_frequent(currencies: Mapping[str, int]) -> str:
    """Only rows already known were counted, lest the future choose the currency of the past."""
    return min(currencies, key=lambda code: (-currencies[code], code)) if currencies else "EUR"


def _typed(layout: Layout, opened: OpenedFile, reading: Reading) -> str:
    values: dict[str, Value] = {
        "now": reading.now,
        "known_before": reading.known_before,
        "currency": opened.currency,
        "written_in": layout.currency or opened.currency,
        "minor_factor": 10 ** minor_digits(opened.currency),
        "blocked_pattern": BLOCKED_PATTERN,
        "default_channel": str(layout.channel or reading.default_channel),
        "has_amounts": opened.has_amounts,
    }
    return statement("order_row", values).replace("$channel_words", CHANNEL_MAP)


def statement(name: str, values: Mapping[str, Value]) -> str:
    """The named query with its values written in: views take no parameters."""
    text = (_SQL / f"{name}.sql").read_text()
    return re.sub(r"\$([a-z_]+)", lambda found: _written(values, found), text)


def _written(values: Mapping[str, Value], found: re.Match[str]) -> str:
    if found[1] not in values:
        return found[0]
    value = values[found[1]]
    if isinstance(value, datetime):
        return f"timestamptz {literal(value.isoformat())}"
    if value is None:
        return "cast(null as timestamptz)"
    return literal(value) if isinstance(value, str) else str(value).lower()


@contextmanager
def readable(path: Path) -> Iterator[None]:
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
