"""A file in shares: all that is known of some of its customers is in one of them, so each can be read by itself.

What a share gives is what the whole file would: only orders that several customers claim need a look at all rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from customer.order_file.reader import Counts as Counts
from customer.order_file.reader import OrderFileSummary, derive_facts, find_conflicts, summed_up
from customer.order_file.source import DuckDB, literal
from customer.order_file.typed_rows import OpenedFile, Reading, open_order_file, readable

_LEFT_OUT = {
    "delivered_at": "timestamptz", "delivery_type": "varchar", "payment_method": "varchar", "campaign": "varchar",
    "properties": "varchar",
}  # fmt: skip
"""What no feature reads, and so is not written out and read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFile:
    """`count` shares in `folder`, numbered from 0, of which some may be empty; of a file without known rows,
    none can be opened."""

    folder: Path
    opened: OpenedFile
    count: int
    time_zone: str

    def open_share(self, connection: DuckDB, number: int) -> None:
        """Leaves order_row, order_reject and order_adjustment_fact as tables in the connection, order_fact and
        order_line_fact as views: to be read once, without the columns that no feature reads."""
        connection.execute(f"set TimeZone = '{self.time_zone}'")
        absent = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in _LEFT_OUT.items())
        connection.execute(
            f"create table order_row as select * exclude (share), {absent} from {self.rows} where share = {number}"
        )
        conflicts = literal(str(self.folder / "conflicts.parquet"))
        connection.execute(
            f"create table order_row_conflict as from read_parquet({conflicts}) "
            "where order_id in (select order_id from order_row)"
        )
        derive_facts(connection, self.opened, facts="view")

    def summary(self, counts: Iterable[Counts]) -> OrderFileSummary:
        return summed_up(self.opened, counts)

    @property
    def rows(self) -> str:
        """All rows of the file, each with its share."""
        return f"read_parquet({literal(f'{self.folder}/rows/*/*.parquet')}, hive_partitioning = true)"


def split_order_file(
    connection: DuckDB, path: Path, folder: Path, reading: Reading, *, customers_at_once: int, rows_at_once: int
) -> SplitFile:
    """Writes the rows of the file into a new `folder`, in shares of about so many customers, or rows if that is less.

    Errors: those of reading order files.
    """
    folder.mkdir(parents=True)
    with readable(path):
        opened = open_order_file(connection, path, reading)
        count = max(-(-opened.known_customers // customers_at_once), -(-opened.known_rows // rows_at_once), 1)
        connection.execute(
            f"copy (select * exclude ({', '.join(_LEFT_OUT)}), cast(hash(customer_id) % {count} as integer) as share "
            f"from order_file_typed) to {literal(str(folder / 'rows'))} "
            "(format parquet, partition_by (share), compression lz4)"
        )
    split = SplitFile(folder=folder, opened=opened, count=count, time_zone=reading.time_zone)
    if opened.known_rows:
        connection.execute(f"create view order_row as from {split.rows}")
        find_conflicts(connection)
        conflicts = literal(str(folder / "conflicts.parquet"))
        connection.execute(f"copy order_row_conflict to {conflicts} (format parquet)")
    return split
