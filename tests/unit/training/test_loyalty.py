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
ALL = Recipe(overrides={"bagging_fraction": 1.0})  # so that a tree tells how many it was grown on
BTYD = MbgNbd(r=0.8, alpha=60.0, a=0.3, b=2.5)


def bench(
    chance: Floats, *, watched: tuple[int, int] = (STEP, 700), given: dict[str, Floats] | None = None
) -> Workbench:
    """Customers of one order, seen within a step of it unless their features are `given`, and watched for that many
    days; `chance` of ordering twice more shows in the basket."""
    rng = np.random.default_rng(5)
    size = len(chance)
    columns = {
        "order_count": np.ones(size),
        "repeat_count": np.zeros(size),
        "days_first_to_last_order": np.zeros(size),
        "days_since_first_order": rng.integers(0, STEP, size).astype(np.float64),
        "first_basket": np.round(chance * 1000.0),
    } | (given or {})
    matrix = np.zeros((size, len(FEATURE_NAMES)))
    for name, values in columns.items():
        matrix[:, FEATURE_NAMES.index(name)] = values
    loyal = rng.random(size) < chance
    watched_days = rng.integers(*watched, size).astype(np.float64)
    second = np.where(loyal, rng.integers(20, 450, size), np.nan)
    learning = LearningSet(
        matrix=matrix, age_days=watched_days, watched_days=watched_days, wait_days=second / 2.0,
        second_wait_days=np.where(second < watched_days, second, np.nan), amounts=np.zeros((size, 1)),
        value_edges=(0, 30),
    )  # fmt: skip
    design = Design(features=["days_since_first_order", "first_basket"], money_unit_minor=100.0)
    return prepare(learning, design, BTYD, horizon_days=30, recipe=ALL, seed=1, knows_season=False, keeps_dates=False)


def fitted(chance: Floats, *, watched: tuple[int, int] = (STEP, 700)) -> Loyalty:
    return fit_loyalty(bench(chance, watched=watched), step_days=STEP)


def test_what_tells_loyal_customers_apart_is_learnt_and_proven_on_later_ones() -> None:
    found = fitted(np.random.default_rng(1).choice([0.1, 0.7], 4000))
    assert found.is_proven
    assert found.verdict is not None
    assert found.verdict.is_better
    assert found.measures["loyalty_auc"] > found.measures["loyalty_floor_auc"]


def test_while_no_year_is_over_nothing_is_learnt() -> None:
    found = fitted(np.full(4000, 0.5), watched=(STEP, 340))
    assert found.booster is None
    assert not found.is_proven


def test_with_too_few_to_judge_the_baseline_answers() -> None:
    found = fitted(np.random.default_rng(1).choice([0.1, 0.7], 500))
    assert found.verdict is None
    assert not found.is_proven


def test_with_enough_to_learn_from_but_too_few_later_ones_the_baseline_answers() -> None:
    found = fitted(np.random.default_rng(1).choice([0.1, 0.7], 2000), watched=(450, 700))
    assert found.booster is not None
    assert found.verdict is None
    assert not found.is_proven


def test_one_order_teaches_once_its_year_is_over_and_judges_if_it_was_so_within_the_quarter() -> None:
    rng = np.random.default_rng(2)
    orders = rng.integers(1, 3, 6000).astype(np.float64)
    since = rng.integers(0, np.where(rng.random(6000) < 0.7, STEP, 380)).astype(np.float64)
    given = {"order_count": orders, "days_since_first_order": since}
    at_hand = bench(rng.choice([0.3, 0.7], 6000), given=given)
    over_for = since + at_hand.learning.watched_days - 365
    teaches = (orders == 1) & (since < 365) & (over_for >= 0)
    judges = teaches & (over_for < 91) & (since < STEP)
    within_the_year = since + at_hand.learning.second_wait_days < 365

    found = fit_loyalty(at_hand, step_days=STEP)
    assert found.booster is not None
    assert found.booster.trees_to_dataframe()["count"].iloc[0] == teaches.sum()
    assert found.measures["loyalty_customers"] == judges.sum()
    assert found.measures["loyalty_rate"] == within_the_year[judges].mean()
