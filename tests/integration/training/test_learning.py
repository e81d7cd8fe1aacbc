"""What a rehearsal learns from is what a training of that day would have learnt from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from customer.features.moment import days_later
from tests.integration.training.shop import AS_OF, NOW, Order, write_orders
from training.data.learning import LearningSet, build_learning_set
from training.data.order_snapshot import snapshot_from_orders
from training.data.schedule import Schedule

DAYS = 30
SCHEDULE = Schedule(
    horizon_days=DAYS, cutoffs=(DAYS, 2 * DAYS, 3 * DAYS), hazard_edges=(0, DAYS), value_edges=(0, DAYS),
    knows_season=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("time_zone", "as_of"),
    [("UTC", AS_OF), ("Europe/London", datetime(2025, 4, 30, 23, tzinfo=UTC))],
    ids=["a day is 24 hours", "the clock went forward since"],
)
def test_what_was_known_earlier_is_what_one_would_have_learnt_from_then(
    orders: list[Order], tmp_path: Path, time_zone: str, as_of: datetime
) -> None:
    before = days_later(as_of, -DAYS, time_zone)
    just_after = [
        replace(
            order, order=f"late{order.order}", at=before + timedelta(minutes=30), received=before + timedelta(hours=1)
        )
        for order in orders[::40]
    ]
    file = write_orders(tmp_path / "orders.csv", [*orders, *just_after])
    snapshot, _ = snapshot_from_orders(file, tmp_path / "snapshot", known_before=as_of, now=NOW, time_zone=time_zone)
    learnt = build_learning_set(snapshot, as_of, SCHEDULE)
    assert set(learnt.age_days) == set(SCHEDULE.cutoffs)
    looking_back = in_order(learnt.as_known(DAYS))
    earlier = replace(SCHEDULE, cutoffs=(DAYS, 2 * DAYS))
    then = in_order(build_learning_set(snapshot, before, earlier))
    assert len(then) > 100
    for column in ("matrix", "age_days", "watched_days", "wait_days", "second_wait_days"):
        np.testing.assert_array_equal(getattr(looking_back, column), getattr(then, column), err_msg=column)
    passed = then.has_passed(DAYS)
    assert passed.any()
    np.testing.assert_array_equal(looking_back.amounts[passed], then.amounts[passed])


def in_order(learning: LearningSet) -> LearningSet:
    """The same rows in an order that depends on nothing but them."""
    return learning.rows(np.lexsort((learning.age_days, *learning.matrix.T)))
