"""Loyalty potential is learnt from whose year is over alone, and answers only where later customers prove it."""

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats, MbgNbd
from scoring.engine.spec import Design
from training.data.learning import LearningSet
from training.loyalty import Loyalty, fit_loyalty
from training.models.boosting import Workbench, prepare
from training.recipe import Recipe

STEP = 14
BTYD = MbgNbd(r=0.8, alpha=60.0, a=0.3, b=2.5)


def bench(chance: Floats, *, oldest: int = 700) -> Workbench:
    """First-time customers seen once, within a step of their first order; `chance` of loyalty shows in the basket."""
    rng = np.random.default_rng(5)
    size = len(chance)
    columns = {
        "order_count": np.ones(size),
        "repeat_count": np.zeros(size),
        "days_first_to_last_order": np.zeros(size),
        "days_since_first_order": rng.integers(0, STEP, size).astype(np.float64),
        "first_basket": np.round(chance * 1000.0),
    }
    matrix = np.zeros((size, len(FEATURE_NAMES)))
    for name, values in columns.items():
        matrix[:, FEATURE_NAMES.index(name)] = values
    loyal = rng.random(size) < chance
    watched = rng.integers(STEP, oldest, size).astype(np.float64)
    second = np.where(loyal, rng.uniform(20.0, 300.0, size), np.nan)
    learning = LearningSet(
        matrix=matrix, age_days=watched, watched_days=watched, wait_days=second / 2.0,
        second_wait_days=np.where(second < watched, second, np.nan), amounts=np.zeros((size, 1)), value_edges=(0, 30),
    )  # fmt: skip
    design = Design(features=["days_since_first_order", "first_basket"], money_unit_minor=100.0)
    return prepare(learning, design, BTYD, horizon_days=30, recipe=Recipe(), seed=1, knows_season=False)


def fitted(chance: Floats, *, oldest: int = 700) -> Loyalty:
    return fit_loyalty(bench(chance, oldest=oldest), step_days=STEP)


def test_what_tells_loyal_customers_apart_is_learnt_and_proven_on_later_ones() -> None:
    found = fitted(np.random.default_rng(1).choice([0.1, 0.7], 4000))
    assert found.is_proven
    assert found.verdict is not None
    assert found.verdict.is_better
    assert found.measures["loyalty_auc"] > found.measures["loyalty_floor_auc"]


def test_while_no_year_is_over_nothing_is_learnt() -> None:
    found = fitted(np.full(4000, 0.5), oldest=340)
    assert found.booster is None
    assert not found.is_proven


def test_with_too_few_to_judge_the_baseline_answers() -> None:
    found = fitted(np.random.default_rng(1).choice([0.1, 0.7], 500))
    assert found.verdict is None
    assert not found.is_proven
