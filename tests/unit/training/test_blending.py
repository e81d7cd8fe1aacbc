"""What the formulas say beside the trees changes who comes first, never how many come or how much."""

from dataclasses import replace

import numpy as np
import pytest

from scoring.engine.blend import Opinions, amount_lift, blended_log_odds
from scoring.engine.btyd import Flags, Floats
from scoring.engine.distribution import log_survival, sigmoid
from training.blending import Say, fit_blend, learn_say

CUSTOMERS, INTERVALS = 4000, 3


def opinions(trees_noise: float, formula_noise: float) -> tuple[Opinions, Flags, Floats]:
    """Two noisy opinions of the same truth, what came of it within the intervals, and what was spent."""
    chance = np.random.default_rng(5)
    truth = chance.normal(-1.5, 1.2, CUSTOMERS)
    spending = truth + chance.normal(3.0, 0.5, CUSTOMERS)

    def said(noise: float) -> tuple[Floats, Floats]:
        odds = truth + chance.normal(0.0, noise, CUSTOMERS)
        return odds[:, None] + np.linspace(0.2, -0.2, INTERVALS), spending + chance.normal(0.0, noise, CUSTOMERS)

    (trees, log_amount), (formula, formula_log_amount) = said(trees_noise), said(formula_noise)
    hazard = sigmoid(truth[:, None] + np.linspace(0.2, -0.2, INTERVALS))
    churned: Flags = np.all(chance.random(hazard.shape) >= hazard, axis=1)
    amount = np.where(churned, 0.0, np.exp(spending) * chance.gamma(4.0, 0.25, CUSTOMERS))
    found = Opinions(
        trees=trees, formula=formula - 0.7, log_amount=log_amount, formula_log_amount=formula_log_amount - 4.0
    )
    return found, churned, amount


def test_whoever_knows_more_is_heard_more() -> None:
    def learnt(trees_noise: float, formula_noise: float) -> Say:
        said, churned, amount = opinions(trees_noise, formula_noise)
        return learn_say(said, churned=churned, through=INTERVALS, amount=amount)

    good_trees, good_formula = learnt(0.1, 1.5), learnt(1.5, 0.1)
    assert good_trees.hazard < 0.1 < good_formula.hazard
    assert good_trees.value < good_formula.value


@pytest.mark.parametrize("weight", [0.0, 0.15, 0.6])
def test_the_level_stays_with_the_trees(weight: float) -> None:
    said, _, _ = opinions(0.5, 0.5)
    blend = fit_blend(said, Say(hazard=weight, value=weight))
    silent, silent_by_trees = (
        np.exp(log_survival(odds)) for odds in (blended_log_odds(said.trees, said.formula, blend), said.trees)
    )
    assert silent.mean(axis=0) == pytest.approx(silent_by_trees.mean(axis=0))
    assert said.log_amount is not None
    assert said.formula_log_amount is not None
    amounts = np.exp(said.log_amount)
    lifted = amounts * np.exp(amount_lift(said.formula_log_amount, said.log_amount, blend))
    assert lifted.sum() == pytest.approx(amounts.sum())
    assert (weight == 0.0) == np.allclose(lifted, amounts)


def test_where_nothing_can_be_judged_a_guess_stands_and_without_amounts_there_is_no_value() -> None:
    said, churned, _ = opinions(0.5, 0.5)
    nobody_came = learn_say(said, churned=np.ones_like(churned), through=INTERVALS, amount=np.zeros(CUSTOMERS))
    assert nobody_came == Say()
    poor = Opinions(trees=said.trees, formula=said.formula, log_amount=None, formula_log_amount=None)
    assert fit_blend(poor, Say()).value_shift == 0.0


def test_a_formula_without_its_inputs_is_not_heard() -> None:
    said, _, _ = opinions(0.5, 0.5)
    blend = fit_blend(said, Say(hazard=0.3, value=0.3))
    formula = said.formula.copy()
    formula[0] = np.nan
    assert np.array_equal(blended_log_odds(said.trees, formula, blend)[0], said.trees[0])
    assert said.log_amount is not None
    assert amount_lift(np.full(CUSTOMERS, np.nan), said.log_amount, blend)[0] == 0.0


def test_the_level_goes_to_the_formulas_as_far_as_it_is_told_to() -> None:
    said, _, _ = opinions(0.5, 0.5)
    assert said.log_amount is not None
    assert said.formula_log_amount is not None
    formula_total = 2.0 * float(np.exp(said.log_amount).sum())

    def churn_and_total(level: float) -> tuple[float, float]:
        blend = fit_blend(said, Say(hazard=0.2, value=0.2, level=level, formulas_fit=True), formula_total=formula_total)
        silent = np.exp(log_survival(blended_log_odds(said.trees, said.formula, blend))[:, -1])
        assert said.log_amount is not None
        assert said.formula_log_amount is not None
        return float(silent.mean()), float(
            np.exp(said.log_amount + amount_lift(said.formula_log_amount, said.log_amount, blend)).sum()
        )

    by_trees, by_formula = (float(np.exp(log_survival(odds)[:, -1]).mean()) for odds in (said.trees, said.formula))
    assert by_trees < by_formula
    (stays, total), (half, between), (whole, most) = (churn_and_total(level) for level in (0.0, 0.5, 1.0))
    assert stays == pytest.approx(
        by_trees,
    )
    assert by_trees + 0.03 < half < by_formula - 0.03
    assert whole == pytest.approx(by_formula)
    assert most == pytest.approx(formula_total)
    assert total == pytest.approx(formula_total / 2.0)
    assert between == pytest.approx((most * total) ** 0.5)


def test_formulas_that_were_far_from_what_came_may_not_set_the_level_of_churn() -> None:
    said, churned, amount = opinions(0.3, 0.3)
    wrong = Opinions(
        trees=said.trees, formula=-said.formula, log_amount=said.log_amount,
        formula_log_amount=said.formula_log_amount,
    )  # fmt: skip
    near, far = (learn_say(one, churned=churned, through=INTERVALS, amount=amount) for one in (said, wrong))
    assert near.formulas_fit
    assert not far.formulas_fit
    kept, moved = (fit_blend(wrong, replace(far, level=level), formula_total=1.0) for level in (0.0, 1.0))
    assert kept.hazard_shift == moved.hazard_shift
    assert kept.value_shift != moved.value_shift
