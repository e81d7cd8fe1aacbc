"""How much MBG/NBD and Gamma-Gamma have to say beside the trees: halfway from a guess to what a past moment shows.

Only ranking is judged: every mixture is first given back the level that was observed, for whether the formulas or the
trees happened to have the season's level right then says nothing of the next one. Halfway, because the trees of that
moment had learnt from less than those of today, and the formulas lose less by that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoring.engine.blend import Opinions, amount_lift, blended_log_odds
from scoring.engine.btyd import Flags, Floats
from scoring.engine.distribution import log_survival, sigmoid
from scoring.engine.spec import Blend
from training.evaluation.metrics import log_loss, tweedie_deviances

_WEIGHTS = np.linspace(0.0, 0.6, 13)
_GUESSED_HAZARD, _GUESSED_VALUE = 0.0, 0.2
_UNSEEN_HAZARD, _UNSEEN_VALUE = 0.15, 0.2
_STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The formulas' weight in the hazard and in the value, 0 to 1; these, where no past moment can be judged."""

    hazard: float = _UNSEEN_HAZARD
    value: float = _UNSEEN_VALUE


def fit_blend(said: Opinions, say: Say) -> Blend:
    """The mixture of these weights that keeps the level of the trees for the customers of `said`."""
    middle = np.median(said.formula - said.trees, axis=0)
    value_middle = value_shift = 0.0
    if said.log_amount is not None and said.formula_log_amount is not None:
        value_middle = float(np.median(said.formula_log_amount - said.log_amount))
        amount = np.exp(said.log_amount)
        unshifted = _blend(value_weight=say.value, value_middle=value_middle)
        lifted = amount * np.exp(amount_lift(said.formula_log_amount, said.log_amount, unshifted))
        value_shift = float(np.log(amount.sum() / lifted.sum()))
    return _blend(
        hazard_weight=say.hazard, hazard_middle=middle.tolist(),
        hazard_shift=_shifts(said, middle.tolist(), say.hazard),
        value_weight=say.value, value_middle=value_middle, value_shift=value_shift,
    )  # fmt: skip


def learn_say(said: Opinions, *, churned: Flags, through: int, amount: Floats | None) -> Say:
    """From what was said of customers of whom it is known what they did: `through` so many intervals, the horizon."""

    middles = np.median(said.formula - said.trees, axis=0).tolist()

    def ranked_churn(weight: float) -> float:
        blend = _blend(hazard_weight=weight, hazard_middle=middles, hazard_shift=_shifts(said, middles, weight))
        logs = log_survival(blended_log_odds(said.trees, said.formula, blend))[:, through - 1]
        odds = logs - np.log(-np.expm1(np.minimum(logs, -1e-9)))
        return log_loss(sigmoid(odds + _level(odds, float(churned.mean()))), churned)

    hazard = (_GUESSED_HAZARD + _best(ranked_churn)) / 2.0 if 0 < churned.sum() < len(churned) else _UNSEEN_HAZARD
    if amount is None or said.log_amount is None or said.formula_log_amount is None or not (amount > 0).any():
        return Say(hazard=hazard)
    log_amount, formula, total = said.log_amount, said.formula_log_amount, np.maximum(amount, 0.0)
    middle = float(np.median(formula - log_amount))

    def ranked_value(weight: float) -> float:
        blend = _blend(value_weight=weight, value_middle=middle)
        found = np.exp(log_amount + amount_lift(formula, log_amount, blend))
        return float(tweedie_deviances(total / total.mean(), found / found.mean()).mean())

    return Say(hazard=hazard, value=(_GUESSED_VALUE + _best(ranked_value)) / 2.0)


def _best(loss: Callable[[float], float]) -> float:
    return float(_WEIGHTS[int(np.argmin([loss(float(weight)) for weight in _WEIGHTS]))])


def _shifts(said: Opinions, middles: list[float], weight: float) -> list[float]:
    """Per interval, what gives the mixture the trees' mean hazard of who is still silent, by Newton's steps."""
    logs = log_survival(said.trees)
    silent = np.exp(np.concatenate([np.zeros((len(logs), 1)), logs[:, :-1]], axis=1))
    unshifted = _blend(hazard_weight=weight, hazard_middle=middles, hazard_shift=[0.0] * len(middles))
    mixed = blended_log_odds(said.trees, said.formula, unshifted)
    wanted = (silent * sigmoid(said.trees)).mean(axis=0)
    shift = np.zeros(len(middles))
    for _ in range(_STEPS):
        hazard = sigmoid(mixed + shift)
        slope = (silent * hazard * (1.0 - hazard)).mean(axis=0)
        shift = shift - np.clip(((silent * hazard).mean(axis=0) - wanted) / np.maximum(slope, 1e-12), -1.0, 1.0)
    return [float(one) for one in shift]


def _level(odds: Floats, wanted: float) -> float:
    """The shift of all log-odds that makes their mean probability the one wanted, by halving."""
    low, high = -10.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if sigmoid(odds + middle).mean() > wanted else (middle, high)
    return (low + high) / 2.0


def _blend(
    *, hazard_weight: float = 0.0, hazard_shift: list[float] | None = None, hazard_middle: list[float] | None = None,
    value_weight: float = 0.0, value_middle: float = 0.0, value_shift: float = 0.0,
) -> Blend:  # fmt: skip
    return Blend(
        hazard_weight=hazard_weight, hazard_shift=hazard_shift or [], hazard_middle=hazard_middle or [],
        value_weight=value_weight, value_middle=value_middle, value_shift=value_shift,
    )  # fmt: skip
