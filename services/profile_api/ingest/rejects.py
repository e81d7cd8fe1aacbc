"""The rejects file: which rows of an imported file were not taken, and why."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import duckdb

from customer.errors import ParcoursError


class RejectsFileError(ParcoursError):
    """The rows not taken cannot be listed, so the import goes no further."""

    def __init__(self, file: Path, *, rows: int, problem: str) -> None:
        super().__init__(
            f"the list of the {rows} rows not taken cannot be written as {str(file)!r}: {problem}; "
            "nothing more was imported; name a file that can be written with --rejects"
        )


def write_rejects(duck: duckdb.DuckDBPyConnection, file: Path, *, table: str = "order_reject") -> str | None:
    """Writes `row_number,reason` and returns the path, or None when no row was rejected (an old file is removed).

    The file appears whole: imports of one file at the same time each leave a whole one, the last one's stays.
    Errors: RejectsFileError.
    """
    [(count,)] = duck.execute(f"select count(*) from {table}").fetchall()
    written = file.with_name(f"{file.name}.{uuid4().hex}.part")
    try:
        if count == 0:
            file.unlink(missing_ok=True)
            return None
        escaped = str(written).replace("'", "''")
        duck.execute(f"copy (select row_number, reason from {table} order by row_number) to '{escaped}' (header)")
        os.replace(written, file)
    except (OSError, duckdb.IOException) as error:
        with suppress(OSError):
            written.unlink()
        raise RejectsFileError(file, rows=count, problem=str(error)) from error
    return str(file)
