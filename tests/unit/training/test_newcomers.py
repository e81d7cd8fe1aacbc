"""Who counts as new, and when newcomers are so many that nobody knows them."""

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats
from training.data.learning import LearningSet, empty_learning_set
from training.newcomers import Newcomers, newcomers

HORIZON = 90
AGE = FEATURE_NAMES.index("days_since_first_order")


def customers(*ages: int) -> Floats:
    """Feature vectors of customers whose first order was so many days ago."""
    vectors = np.full((len(ages), len(FEATURE_NAMES)), np.nan)
    vectors[:, AGE] = ages
    return vectors


def past(*moments: tuple[int, Floats]) -> LearningSet:
    """What is known of moments so many days ago."""
    matrix = np.concatenate([vectors for _, vectors in moments])
    ago = np.concatenate([np.full(len(vectors), float(days)) for days, vectors in moments])
    nobody = np.full(len(ago), np.nan)
    return LearningSet(
        matrix=matrix, age_days=ago, watched_days=ago, wait_days=nobody, second_wait_days=nobody,
        amounts=np.zeros((len(ago), 1)), value_edges=(0, HORIZON),
    )  # fmt: skip


def test_newcomers_are_counted_today_and_at_the_last_moment_whose_horizon_is_over() -> None:
    watched = past((28, customers(1, 1, 1, 1)), (98, customers(20, 100, 200, 300)), (112, customers(1, 2, 3)))
    found = newcomers(customers(10, 20, 30, 400), watched, HORIZON)
    assert found == Newcomers(days=HORIZON, now=0.75, then=0.25, days_earlier=98)
    assert found.are_many
    assert found.are_more


def test_a_steady_flow_of_newcomers_is_nothing_new() -> None:
    found = newcomers(customers(10, 100, 200, 300), past((91, customers(5, 100, 150, 200))), HORIZON)
    assert found is not None
    assert not found.are_more
    assert not found.are_many


@pytest.mark.parametrize("learning", [empty_learning_set((0, HORIZON)), past((14, customers(5, 6)))])
def test_where_no_horizon_is_over_nobody_can_be_compared(learning: LearningSet) -> None:
    assert newcomers(customers(10, 20), learning, HORIZON) is None


@pytest.mark.parametrize(("now", "more", "many"), [(0.29, False, False), (0.31, True, False), (0.41, True, True)])
def test_somewhat_more_newcomers_are_looked_at_and_many_more_are_unknown(now: float, more: bool, many: bool) -> None:
    found = Newcomers(days=HORIZON, now=now, then=0.2, days_earlier=98)
    assert (found.are_more, found.are_many) == (more, many)
