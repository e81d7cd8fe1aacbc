"""Features and labels of the rows of a spine, computed bucket by bucket so that memory stays bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customer.errors import ParcoursError
from customer.features.definitions import FEATURE_NAMES
from customer.features.moment import days_later, local_moment
from customer.order_file.source import literal
from training.data.engine import LOCAL, Engine, FeatureSource
from training.data.facts import open_bucket
from training.data.pieces import Piece, in_order, pieces
from training.data.snapshot import Snapshot
from training.data.spine import INSTANT

_LABELS = (Path(__file__).parent / "sql" / "labels.sql").read_text()
_LABELLED_BY = ("feature_member", "feature_order", "feature_adjustment")

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]
Instants = np.ndarray[Any, np.dtype[np.datetime64]]


class SpineOrderError(ParcoursError):
    """Rows would be given somebody else's features."""

    def __init__(self) -> None:
        super().__init__(
            "the spine is not sorted by bucket, as_of and customer, or has rows twice; make it with training.data.spine"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFrame:
    """`values[i, j]` is feature `columns[j]` of `customer_id[i]` at `as_of[i]`, encoded (NaN = missing)."""

    columns: tuple[str, ...]
    customer_id: Integers
    as_of: Instants
    values: Floats

    def column(self, name: str) -> Floats:
        column: Floats = self.values[:, self.columns.index(name)]
        return column

    def rows(self, keep: Booleans | Integers) -> "FeatureFrame":
        """The rows of a mask or of positions."""
        return FeatureFrame(
            columns=self.columns,
            customer_id=self.customer_id[keep],
            as_of=self.as_of[keep],
            values=self.values[keep],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What followed each row of a spine, in its order.

    `days_to_next` counts days on the brand's clock from as_of, with their fraction; it is NaN when no further valid
    order was seen: the row was then watched for `censored_after_days` whole days there. `days_to_second` counts to the
    order after that one.
    `is_complete`: the whole horizon lies in the time observed; order_count and net_minor mean little without it.
    """

    horizon_days: int
    is_complete: Booleans
    order_count: Integers
    purchase_day_count: Integers
    days_to_next: Floats
    days_to_second: Floats
    censored_after_days: Integers
    net_minor: Integers

    @property
    def churned(self) -> Booleans:
        churned: Booleans = self.order_count == 0
        return churned


def feature_frame(snapshot: Snapshot, spine: pa.Table, *, engine: Engine = LOCAL) -> FeatureFrame:
    """All rows of the spine in its order, as one row-major matrix."""
    values = np.empty((spine.num_rows, len(FEATURE_NAMES)))
    filled = 0
    for table in engine.in_order(_computed, engine.sources(snapshot, spine)):
        end = filled + table.num_rows
        _check_order(table, spine.slice(filled, table.num_rows))
        for position, name in enumerate(FEATURE_NAMES):
            values[filled:end, position] = table[name].to_numpy()
        filled = end
    return FeatureFrame(
        columns=FEATURE_NAMES,
        customer_id=spine["customer_id"].to_numpy(),
        as_of=spine["as_of"].to_numpy(),
        values=values,
    )


def _computed(source: FeatureSource) -> pa.Table:
    return source()


def _check_order(found: pa.Table, expected: pa.Table) -> None:
    for name in ("customer_id", "as_of"):
        if not np.array_equal(found[name].to_numpy(), expected[name].to_numpy()):
            raise SpineOrderError


def labels(snapshot: Snapshot, spine: pa.Table, *, horizon_days: int, observed_until: datetime | None = None) -> Labels:
    """What followed each row, as known at `observed_until` (the snapshot's own end when None)."""
    [found] = labels_within(snapshot, spine, horizons=[horizon_days], observed_until=observed_until)
    return found


def labels_within(
    snapshot: Snapshot, spine: pa.Table, *, horizons: Sequence[int], observed_until: datetime | None = None
) -> list[Labels]:
    """What followed within each of the horizons, which must ascend; the facts are read once for all of them."""
    end = observed_until or snapshot.known_before
    # Each piece gives its rows once for each horizon, the horizons one after another.
    pieces_found = list(_label_tables(snapshot, spine, horizons=horizons, end=end))
    found = []
    for number, horizon_days in enumerate(horizons):
        sizes = [table.num_rows // len(horizons) for table in pieces_found]
        table = pa.concat_tables(
            [table.slice(number * size, size) for table, size in zip(pieces_found, sizes, strict=True)]
        )
        _check_order(table, spine)
        found.append(_labels(table, horizon_days))
    return found


def _labels(table: pa.Table, horizon_days: int) -> Labels:
    return Labels(
        horizon_days=horizon_days,
        is_complete=table["is_complete"].to_numpy(),
        order_count=table["order_count"].to_numpy().astype(np.int64),
        purchase_day_count=table["purchase_day_count"].to_numpy().astype(np.int64),
        days_to_next=table["days_to_next"].to_numpy(),
        days_to_second=table["days_to_second"].to_numpy(),
        censored_after_days=table["censored_after_days"].to_numpy().astype(np.int64),
        net_minor=table["net_minor"].to_numpy(),
    )


def _label_tables(snapshot: Snapshot, spine: pa.Table, *, horizons: Sequence[int], end: datetime) -> Iterator[pa.Table]:
    windows = pa.Table.from_pylist(
        [
            {
                "as_of": instant,
                "horizon_days": horizon_days,
                "until_at": days_later(instant, horizon_days, snapshot.time_zone),
            }
            for instant in pc.unique(spine["as_of"]).to_pylist()
            for horizon_days in horizons
        ],
        schema=pa.schema([("as_of", INSTANT), ("horizon_days", pa.int32()), ("until_at", INSTANT)]),
    )
    observed_day = local_moment(end, snapshot.time_zone).local_day

    def outcomes(piece: Piece) -> pa.Table:
        with open_bucket(snapshot, piece.bucket, relations=_LABELLED_BY) as connection:
            connection.register("spine_row", piece.rows)
            connection.register("label_window", windows)
            connection.execute(
                f"create temp view spine as select *, timestamptz '{end.isoformat()}' as observed_until, "
                f"{observed_day} as observed_day, {literal(snapshot.time_zone)} as time_zone from spine_row"
            )
            return connection.sql(_LABELS).to_arrow_table()

    return in_order(outcomes, pieces(snapshot, spine))
