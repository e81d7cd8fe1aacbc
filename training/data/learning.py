"""The learning set: everything the models are fitted on, as aligned arrays in an order that no name can influence."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from customer.features.definitions import FEATURE_BY_NAME, FEATURE_NAMES
from customer.features.feature import Kind
from customer.features.moment import days_later
from scoring.engine.btyd import Flags, Floats, Positions
from training.data.engine import LOCAL, Engine
from training.data.examples import feature_frame, labels_within
from training.data.schedule import Schedule
from training.data.snapshot import Snapshot
from training.data.spine import build_spine

MOST_CUSTOMERS = 100_000
"""So many are learned from and judged by, at most: their vectors take some 100 MB a moment, and more of them would only
be left out again when examples are drawn for the trees."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSet:
    """One row per customer with an order and cutoff before as_of. `age_days` is the distance from cutoff to as_of.

    `wait_days` is NaN when no further order was seen within `watched_days`, `second_wait_days` when no second one was.
    `amounts[:, j]` is the net amount in the j-th value interval, minor units; it counts where the interval had passed.
    """

    matrix: Floats
    age_days: Floats
    wait_days: Floats
    second_wait_days: Floats
    watched_days: Floats
    amounts: Floats
    value_edges: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.matrix)

    def rows(self, keep: Flags | Positions) -> "LearningSet":
        """The rows of a mask or of positions."""
        return replace(
            self, matrix=self.matrix[keep], age_days=self.age_days[keep], wait_days=self.wait_days[keep],
            second_wait_days=self.second_wait_days[keep], watched_days=self.watched_days[keep],
            amounts=self.amounts[keep],
        )  # fmt: skip

    def as_known(self, days_earlier: int) -> "LearningSet":
        """What there was to learn from that many days before as_of: later cutoffs gone, later orders not yet seen."""
        earlier = self.rows(self.age_days > days_earlier)
        watched = earlier.age_days - days_earlier
        return replace(
            earlier, age_days=watched, watched_days=watched,
            wait_days=np.where(earlier.wait_days < watched, earlier.wait_days, np.nan),
            second_wait_days=np.where(earlier.second_wait_days < watched, earlier.second_wait_days, np.nan),
        )  # fmt: skip

    def churned(self, horizon_days: int) -> Flags:
        """No order in the horizon; meaningful where it had passed."""
        silent: Flags = ~(self.wait_days < horizon_days)
        return silent

    def has_passed(self, days: float) -> Flags:
        passed: Flags = self.watched_days >= days
        return passed


def build_learning_set(
    snapshot: Snapshot, as_of: datetime, schedule: Schedule, *, engine: Engine = LOCAL
) -> LearningSet:
    """Features and labels at every cutoff of the schedule, as known at `as_of`."""
    cutoffs = [days_later(as_of, -days, snapshot.time_zone) for days in schedule.cutoffs]
    if not cutoffs:
        return empty_learning_set(schedule.value_edges)
    spine = build_spine(snapshot, cutoffs)
    frame = feature_frame(snapshot, spine, engine=engine)
    return _assemble(snapshot, as_of, schedule.value_edges, spine, frame.values)


def examples_at(
    snapshot: Snapshot, as_of: datetime, value_edges: tuple[int, ...], observed_until: datetime
) -> LearningSet:
    """The rows of one cutoff with what followed until `observed_until`: what an evaluation judges predictions by."""
    spine = build_spine(snapshot, [as_of])
    frame = feature_frame(snapshot, spine)
    return _assemble(snapshot, observed_until, value_edges, spine, frame.values, cutoff=as_of)


def empty_learning_set(value_edges: tuple[int, ...]) -> LearningSet:
    none = np.empty(0)
    return LearningSet(
        matrix=np.empty((0, len(FEATURE_NAMES))), age_days=none, wait_days=none,
        second_wait_days=none, watched_days=none,
        amounts=np.empty((0, len(value_edges) - 1)), value_edges=value_edges,
    )  # fmt: skip


def _assemble(
    snapshot: Snapshot,
    end: datetime,
    value_edges: tuple[int, ...],
    spine: pa.Table,
    values: Floats,
    cutoff: datetime | None = None,
) -> LearningSet:
    outcomes = labels_within(snapshot, spine, horizons=value_edges[1:], observed_until=end)
    totals = np.column_stack([np.zeros(len(values)), *(outcome.net_minor for outcome in outcomes)])
    watched = outcomes[-1].censored_after_days.astype(np.float64)
    learning = LearningSet(
        matrix=values,
        age_days=watched,
        wait_days=outcomes[-1].days_to_next,
        second_wait_days=outcomes[-1].days_to_second,
        watched_days=watched,
        amounts=np.diff(totals, axis=1),
        value_edges=value_edges,
    )
    ordered = learning.rows(values[:, FEATURE_NAMES.index("order_count")] > 0)
    return ordered if cutoff is not None else _in_canonical_order(ordered)


def _in_canonical_order(learning: LearningSet) -> LearningSet:
    """Sorted by what the rows say, so that neither customer ids nor the order of rows in a file change a model."""
    apart = frozenset({Kind.SCALED, Kind.CALENDAR})  # another currency or another year must not change the order
    plain_features = np.array([not apart & FEATURE_BY_NAME[name].kinds for name in FEATURE_NAMES])
    # Hidden by rounding: a float that is computed from scaled amounts may differ in its last bit.
    plain = np.column_stack(
        [learning.matrix[:, plain_features].astype(np.float32), np.nan_to_num(learning.wait_days, nan=-1.0)]
    )
    bits = np.ascontiguousarray(np.nan_to_num(plain, nan=-12345.0)).astype(np.float64).view(np.uint64)
    weights = np.cumsum(np.full(bits.shape[1], _ODD, dtype=np.uint64)) | np.uint64(1)
    key = ((bits ^ (bits >> np.uint64(29))) * weights).sum(axis=1, dtype=np.uint64)
    key ^= key >> np.uint64(31)
    amount = np.nan_to_num(learning.matrix[:, FEATURE_NAMES.index("net_amount")])
    order = np.lexsort((amount, key * _ODD, learning.age_days))
    return learning.rows(order)
