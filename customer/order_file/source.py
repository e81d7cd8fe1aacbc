"""How the bytes of an order file become rows: its format, its header, and the DuckDB scan that numbers its rows."""

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from customer.order_file.errors import (
    EmptyFileError,
    OrderFileNotFoundError,
    UnknownFormatError,
    UnreadableFileError,
)

BEYOND_HEADER = "__beyond_header"
"""A spare last column: a value in it means that the row has more values than the header has names."""


class DuckDB(Protocol):
    """What is needed of a DuckDB connection; the shared domain does not import the library."""

    def execute(self, query: Any, parameters: Any = None, /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A readable file: `columns` maps each name to its DuckDB type, `scan` is a relation with `row_number` added."""

    path: Path
    columns: dict[str, str]
    scan: str


def quoted(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """The value as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def open_source(connection: DuckDB, path: Path) -> Source:
    """Finds out what `path` holds without reading its rows. Errors: OrderFileNotFoundError, UnknownFormatError,
    UnreadableFileError, EmptyFileError."""
    if not path.is_file():
        raise OrderFileNotFoundError(path)
    if path.stat().st_size < len("PAR1"):
        raise EmptyFileError(path)
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return _parquet(connection, path)
    if name.endswith((".csv", ".csv.gz", ".txt", ".txt.gz", ".tsv", ".tsv.gz")):
        return _delimited(path)
    raise UnknownFormatError(path)


def _parquet(connection: DuckDB, path: Path) -> Source:
    with path.open("rb") as file:
        starts = file.read(4)
        file.seek(-4, 2)
        if (starts, file.read(4)) != (b"PAR1", b"PAR1"):
            raise UnreadableFileError(path, problem="it is not Parquet, or was cut off (PAR1 at both ends is missing)")
    function = f"read_parquet({literal(str(path))}, file_row_number = true)"
    described = connection.execute(f"describe select * exclude (file_row_number) from {function}").fetchall()
    return Source(
        path=path,
        columns={row[0]: row[1] for row in described},
        scan=f"(select * exclude (file_row_number), file_row_number + 1 as row_number from {function})",
    )


def _delimited(path: Path) -> Source:
    header = _first_line(path)
    delimiter = max(",;\t|", key=header.count)
    names = [name.strip() for name in next(csv.reader(io.StringIO(header), delimiter=delimiter), [])]
    if not any(names):
        raise EmptyFileError(path)
    if len(set(names)) < len(names):
        raise UnreadableFileError(path, problem=f"its header names a column twice: {', '.join(names)}")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in [*names, BEYOND_HEADER])
    # One reader thread: row numbers must follow the file, and padded rows with quoted line breaks need it.
    scan = (
        f"(select *, row_number() over () as row_number from read_csv({literal(str(path))}, auto_detect = false, "
        f"header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}}, "
        "strict_mode = false, null_padding = true, parallel = false))"
    )
    return Source(path=path, columns=dict.fromkeys([*names, BEYOND_HEADER], "VARCHAR"), scan=scan)


def _first_line(path: Path) -> str:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            return str(file.readline(1_000_000))
    except UnicodeDecodeError as error:
        raise UnreadableFileError(path, problem="it is not UTF-8 text; convert it to UTF-8") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise UnreadableFileError(path, problem="it is not a gzip file; decompress or rename it") from error
