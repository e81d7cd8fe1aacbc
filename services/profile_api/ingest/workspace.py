"""The scratch DuckDB of an import: on disk, with a memory limit, gone afterwards whatever happens."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def workspace(*, memory_mb: int = 1024) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty DuckDB database; tables beyond `memory_mb` go to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="parcours-import-") as folder:
        connection = duckdb.connect(str(Path(folder) / "import.duckdb"))
        try:
            connection.execute(f"set memory_limit = '{memory_mb}MB'")
            connection.execute(f"set temp_directory = '{folder}'")
            connection.execute("set preserve_insertion_order = true")
            yield connection
        finally:
            connection.close()


def folder_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """Where the workspace may put files of its own."""
    [(folder,)] = connection.execute("select current_setting('temp_directory')").fetchall()
    return Path(folder)
