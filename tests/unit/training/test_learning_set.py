"""What an example tells: orders count up to the end of what was watched, not at it."""

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from training.data.learning import LearningSet

NEVER = np.nan


def examples(*rows: tuple[float, float, float]) -> LearningSet:
    """Of age, days to the next order and to the one after it."""
    age, wait, second = np.array(rows).T
    return LearningSet(
        matrix=np.arange(len(rows))[:, None] * np.ones(len(FEATURE_NAMES)), age_days=age, watched_days=age,
        wait_days=wait, second_wait_days=second, amounts=np.zeros((len(rows), 1)), value_edges=(0, 30),
    )  # fmt: skip


def test_who_has_not_ordered_before_the_horizon_ends_has_churned() -> None:
    found = examples((60, 29.9, NEVER), (60, 30.0, 50.0), (60, NEVER, NEVER))
    assert found.churned(30).tolist() == [False, True, True]


def test_a_horizon_has_passed_once_its_last_day_was_watched() -> None:
    assert examples((29, NEVER, NEVER), (30, NEVER, NEVER)).has_passed(30).tolist() == [False, True]


def test_what_was_known_earlier_leaves_out_later_examples_and_orders() -> None:
    now = examples((30, 1.0, 2.0), (31, 0.5, 1.0), (90, 59.9, 60.0), (90, 60.0, 70.0), (90, 5.0, 59.0))
    then = now.as_known(30)
    assert then.matrix[:, 0].tolist() == [1, 2, 3, 4]
    assert then.age_days.tolist() == then.watched_days.tolist() == [1, 60, 60, 60]
    np.testing.assert_array_equal(then.wait_days, [0.5, 59.9, NEVER, 5.0])
    np.testing.assert_array_equal(then.second_wait_days, [NEVER, NEVER, NEVER, 59.0])
