"""Whom we look at and from when: the customers known at each cutoff, sorted by bucket, cutoff and customer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from customer.features.moment import local_moment
from training.facts import buckets
from training.snapshot import Snapshot

_SPINE = (Path(__file__).parent / "sql" / "spine.sql").read_text()


def cutoffs_before(last: datetime, *, count: int, step: timedelta) -> list[datetime]:
    """`count` instants ending with `last`, `step` apart, the earliest first."""
    return [last - step * back for back in reversed(range(count))]


def build_spine(snapshot: Snapshot, cutoffs: Sequence[datetime]) -> pa.Table:
    """Columns bucket, customer_id, as_of, local_day, local_month, year_day.

    A customer is in it from the first order known of them, valid or not; what else makes an example is for the caller
    to decide by the features (`order_count >= 1` for buyers).
    """
    moments = [local_moment(cutoff, snapshot.time_zone) for cutoff in cutoffs]
    cutoff_table = pa.table(
        {
            "as_of": pa.array([moment.as_of for moment in moments], pa.timestamp("us", tz="UTC")),
            "local_day": pa.array([moment.local_day for moment in moments], pa.int32()),
            "local_month": pa.array([moment.local_month for moment in moments], pa.int32()),
            "year_day": pa.array([moment.year_day for moment in moments], pa.int32()),
        }
    )
    parts = []
    for bucket in buckets(snapshot, relations=("feature_member", "feature_order")):
        bucket.connection.register("cutoff", cutoff_table)
        part = bucket.connection.sql(_SPINE).to_arrow_table()
        parts.append(part.add_column(0, "bucket", pa.array([bucket.number] * part.num_rows, pa.int32())))
    return pa.concat_tables(parts)
