"""Writes small order files and reads them back as plain rows."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from customer.order_file import OrderFileSummary, read_order_file

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class ReadFile:
    """A file read into a DuckDB of its own."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.connection = duckdb.connect()
        self.summary: OrderFileSummary = read_order_file(self.connection, path, **{"now": NOW, **options})

    def rows(self, table: str, columns: str, order: str = "all") -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.connection.execute(
            f"select {columns} from {table} order by {order}"
        ).fetchall()
        return found

    def rejects(self) -> list[tuple[int, str]]:
        return [(row[0], row[1]) for row in self.rows("order_reject", "row_number, reason")]


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """A CSV file with the columns of all rows together; missing values are empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def order(order_id: str, day: str, amount: object = 10, customer: str = "c1", **more: object) -> dict[str, object]:
    """One row of a file with one row per order."""
    return {"customer_id": customer, "order_id": order_id, "ordered_at": day, "amount": amount, **more}


def read(path: Path, *rows: Mapping[str, object], **options: Any) -> ReadFile:
    """Writes the rows as a CSV file into the folder and reads it."""
    return ReadFile(write_csv(path / "orders.csv", rows), **options)
