"""What MBG/NBD and Gamma-Gamma say beside the trees: a share of every log-odds and of every log amount.

The formulas know how regular histories go on, the trees what is particular to a brand; they err differently, so a mean
is better than either. The level is the trees', or lies between both where the days ahead were never watched: shifts,
found with the customers of the training's day, keep the mean hazard of each interval and the total amount there.
"""

from dataclasses import dataclass

import numpy as np

from scoring.engine.btyd import Floats, GammaGamma, History, MbgNbd
from scoring.engine.distribution import baseline_curve
from scoring.engine.spec import Blend

LEAST = 1e-4
"""The smallest hazard of an interval that a formula may claim: it is never that sure that somebody is gone."""

MOST_ODDS, MOST = 1.0, 1.5
"""How far a formula may stand apart from the trees, in log-odds and in log amounts, beyond where it stands for most
customers: on daily shops MBG/NBD is very sure, and often wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """Of each customer: the log-odds of an order per interval of the grid, and the log of the amount of the trained
    horizon (the formula's, of a day), by the trees and by the formulas. No amounts: None."""

    trees: Floats
    formula: Floats
    log_amount: Floats | None
    formula_log_amount: Floats | None


def formula_log_odds(btyd: MbgNbd, history: History, edges: Floats) -> Floats:
    """(rows, intervals): log-odds of an order in each interval, given none before it, by MBG/NBD."""
    steps = -np.diff(baseline_curve(btyd, history, edges).log_survival, axis=1, prepend=0.0)
    answer: Floats = np.log(np.expm1(np.maximum(steps, LEAST)))
    return answer


def blended_log_odds(trees: Floats, formula: Floats, blend: Blend) -> Floats:
    """The trees' alone where the formula lacks its inputs."""
    distance = np.clip(formula - trees - np.asarray(blend.hazard_middle), -MOST_ODDS, MOST_ODDS)
    mixed = trees + blend.hazard_weight * distance + np.asarray(blend.hazard_shift)
    answer: Floats = np.where(np.isnan(formula), trees, mixed)
    return answer


def formula_log_amount(
    btyd: MbgNbd, spending: GammaGamma, history: History, mean_repeat_amount: Floats, mean_basket: Floats
) -> Floats:
    """The log of the amount of a day: the rate of who has not left, times what an order is worth."""
    once = ~(history.repeats > 0)
    mean = np.where(once, mean_basket, mean_repeat_amount)
    purchases = np.where(np.isnan(mean), 0.0, np.where(once, 1.0, history.repeats))
    rate = btyd.alive(history) * (btyd.r + history.repeats) / (btyd.alpha + history.age)
    answer: Floats = np.log(np.maximum(rate * spending.expected_amount(mean, purchases), 1e-12))
    return answer


def amount_lift(log_formula: Floats, log_trees: Floats, blend: Blend) -> Floats:
    """What is added to the log of the trees' amounts, from the formula's and theirs of the whole horizon."""
    distance = np.clip(log_formula - log_trees - blend.value_middle, -MOST, MOST)
    answer: Floats = np.where(np.isnan(distance), 0.0, blend.value_weight * distance + blend.value_shift)
    return answer
