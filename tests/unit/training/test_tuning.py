from dataclasses import replace

import numpy as np

from tests.integration.training.shop import TINY
from tests.unit.training.outcomes import chances, outcome
from training.blending import Say
from training.recipe import FULL, Recipe
from training.train import InnerFold, Rehearsal
from training.tuning import Tuner

TRUTH = chances()


def fold(noise_of_recipe: dict[bool, float]) -> InnerFold:
    """Predictions whose noise depends on whether the recipe grows small trees."""

    def judged(recipe: Recipe) -> Rehearsal:
        noise = noise_of_recipe[recipe.overrides.get("num_leaves", 15) < 15]
        odds = np.log(TRUTH / (1 - TRUTH)) + np.random.default_rng(1).normal(0.0, noise, len(TRUTH))
        predicted = outcome(TRUTH, 1 / (1 + np.exp(-odds)))
        return Rehearsal(
            days_earlier=30, models=predicted, baseline=predicted, is_comparable=True, say=Say(),
            fitted=None,  # type: ignore[arg-type]
        )  # fmt: skip

    return judged


def test_a_recipe_that_is_better_outside_the_interval_is_used_and_said() -> None:
    tuner = Tuner(seconds=3.0, seed=1)
    found = tuner(FULL, [fold({True: 0.0, False: 1.5})])
    assert found.overrides["num_leaves"] < 15
    assert replace(found, overrides={}) == FULL
    assert "confirmed at full size" in tuner.outcome
    assert tuner.study is not None
    assert tuner.study.trials


def test_recipes_that_differ_by_nothing_leave_the_given_one() -> None:
    tuner = Tuner(seconds=1.0, seed=1)
    assert tuner(TINY, [fold({True: 0.5, False: 0.5})]) == TINY
    assert "the given recipe stays" in tuner.outcome


def test_without_a_fold_or_without_time_nothing_is_tuned() -> None:
    without_fold, without_time = Tuner(seconds=5.0, seed=1), Tuner(seconds=0.0, seed=1)
    assert without_fold(TINY, []) == TINY
    assert "too little history" in without_fold.outcome
    assert without_time(TINY, [fold({True: 0.0, False: 1.0})]) == TINY
