"""How an order file becomes a snapshot: no server, no database, only DuckDB."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from customer.features.relations import RELATIONS
from customer.order_file.reader import OrderFileSummary, read_order_file
from customer.vocabulary import Channel
from training.data.snapshot import Snapshot, bounded_connection, empty_folder, freeze

_FACTS = Path(__file__).parent / "sql" / "facts_from_orders.sql"


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
    memory_limit: str = "2GB",
) -> tuple[Snapshot, OrderFileSummary]:
    """Freezes what the file says had happened and was known before `known_before` into `folder`.

    `feature_customer` keeps each customer's own key beside the number used in spines and frames.
    Errors: those of reading order files, NoFactsError, SnapshotExistsError.
    """
    empty_folder(folder)
    with bounded_connection(memory_limit=memory_limit, spill=folder / "spill") as connection:
        summary = read_order_file(
            connection, orders, now=now, time_zone=time_zone, currency=currency, mapping=mapping,
            default_channel=default_channel, known_before=known_before,
        )  # fmt: skip
        connection.execute(_FACTS.read_text())
        snapshot = freeze(
            connection, folder, [(relation, relation) for relation in RELATIONS],
            origin=repr(orders.name), known_before=known_before, time_zone=time_zone, currency=summary.currency,
        )  # fmt: skip
    return snapshot, summary
