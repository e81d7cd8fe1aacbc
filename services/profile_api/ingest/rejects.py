"""The rejects file: which rows of an imported file were not taken, and why."""

from pathlib import Path

import duckdb

from customer.errors import ParcoursError
from machine.whole_file import whole_file


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
    try:
        if count == 0:
            file.unlink(missing_ok=True)
            return None
        with whole_file(file) as draft:
            escaped = str(draft).replace("'", "''")
            duck.execute(f"copy (select row_number, reason from {table} order by row_number) to '{escaped}' (header)")
    except (OSError, duckdb.IOException) as error:
        raise RejectsFileError(file, rows=count, problem=str(error)) from error
    return str(file)
