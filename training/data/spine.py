"""Whom we look at and from when: rows sorted by bucket, instant and customer, dated on the brand's calendar."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from customer.features.moment import LocalMoment, local_moment
from training.data.facts import open_bucket
from training.data.pieces import in_order
from training.data.snapshot import Snapshot

_SPINE = (Path(__file__).parent / "sql" / "spine.sql").read_text()

INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("bucket", pa.int32()), ("customer_id", pa.int64()), ("as_of", INSTANT), ("local_day", pa.int32()),
        ("local_month", pa.int32()), ("year_day", pa.int32()),
    ]
)  # fmt: skip


def build_spine(snapshot: Snapshot, cutoffs: Sequence[datetime]) -> pa.Table:
    """Every customer looked at who was known at each cutoff, in `SCHEMA`.

    A customer is in it from the first order known of them, valid or not; what else makes an example is for the caller
    to decide by the features (`order_count >= 1` for buyers).
    """
    moments = pa.Table.from_pylist([_calendar(local_moment(cutoff, snapshot.time_zone)) for cutoff in cutoffs])
    moments = moments.cast(pa.schema([SCHEMA.field(name) for name in moments.column_names]))

    def known_then(bucket: int) -> pa.Table:
        with open_bucket(snapshot, bucket, relations=("feature_member", "feature_order")) as connection:
            connection.register("cutoff", moments)
            rows = connection.sql(_SPINE).to_arrow_table()
        return rows.add_column(0, "bucket", pa.array(np.full(rows.num_rows, bucket, np.int32)))

    return pa.concat_tables(in_order(known_then, snapshot.buckets)).cast(SCHEMA)


def spine_of(snapshot: Snapshot, pairs: Iterable[tuple[int, datetime]]) -> pa.Table:
    """The spine of chosen customers and instants, each pair once, in `SCHEMA`."""
    rows = [
        {"bucket": customer_id % snapshot.bucket_count, "customer_id": customer_id}
        | _calendar(local_moment(as_of, snapshot.time_zone))
        for customer_id, as_of in sorted(
            set(pairs), key=lambda pair: (pair[0] % snapshot.bucket_count, pair[1], pair[0])
        )
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _calendar(moment: LocalMoment) -> dict[str, object]:
    return {
        "as_of": moment.as_of,
        "local_day": moment.local_day,
        "local_month": moment.local_month,
        "year_day": moment.year_day,
    }
