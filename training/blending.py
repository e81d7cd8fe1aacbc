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
_UNSEEN_HAZARD, _UNSEEN_VALUE = 0.5, 0.4
_STEPS, _CLOSE = 20, 1e-9
_WORST_FORMULA = 1.1
"""Where the formulas alone lose so much more than the trees alone, customers are of another kind than they suppose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The formulas' weight in the hazard and in the value, 0 to 1; these, where no past moment can be judged. And their
    weight in the level of both, which no past moment tells (`training.level`): in that of the hazard only where a past
    moment has shown that customers are of the kind they suppose."""

    hazard: float = _UNSEEN_HAZARD
    value: float = _UNSEEN_VALUE
    level: float = 0.0
    formulas_fit: bool = False


def fit_blend(said: Opinions, say: Say, *, formula_total: float | None = None) -> Blend:
    """The mixture of these weights, at the level that the trees have for the customers of `said`, or so far from it to
    that of the formulas, whose amounts are `formula_total` in all."""
    middle = np.median(said.formula - said.trees, axis=0)
    value_middle = value_shift = 0.0
    if said.log_amount is not None and said.formula_log_amount is not None:
        value_middle = float(np.median(said.formula_log_amount - said.log_amount))
        amount = np.exp(said.log_amount)
        unshifted = _blend(value_weight=say.value, value_middle=value_middle)
        lifted = amount * np.exp(amount_lift(said.formula_log_amount, said.log_amount, unshifted))
        towards = say.level * np.log(formula_total / amount.sum()) if formula_total else 0.0
        value_shift = float(np.log(amount.sum() / lifted.sum()) + towards)
    return _blend(
        hazard_weight=say.hazard, hazard_middle=middle.tolist(),
        hazard_shift=_shifts(said, middle.tolist(), say.hazard, level=say.level if say.formulas_fit else 0.0),
        value_weight=say.value, value_middle=value_middle, value_shift=value_shift,
    )  # fmt: skip


def learn_say(said: Opinions, *, churned: Flags, through: int, amount: Floats | None) -> Say:
    """From what was said of customers of whom it is known what they did: `through` so many intervals, the horizon."""

    middles = np.median(said.formula - said.trees, axis=0).tolist()

    def loss(log_odds: Floats) -> float:
        return log_loss(np.exp(log_survival(log_odds)[:, through - 1]), churned)

    def ranked_churn(weight: float) -> float:
        blend = _blend(hazard_weight=weight, hazard_middle=middles, hazard_shift=_shifts(said, middles, weight))
        logs = log_survival(blended_log_odds(said.trees, said.formula, blend))[:, through - 1]
        odds = logs - np.log(-np.expm1(np.minimum(logs, -1e-9)))
        return log_loss(sigmoid(odds + _level(odds, float(churned.mean()))), churned)

    is_judged = bool(0 < churned.sum() < len(churned))
    fits = is_judged and loss(said.formula) <= _WORST_FORMULA * loss(said.trees)
    hazard = (_GUESSED_HAZARD + _best(ranked_churn)) / 2.0 if is_judged else _UNSEEN_HAZARD
    if amount is None or said.log_amount is None or said.formula_log_amount is None or not (amount > 0).any():
        return Say(hazard=hazard, formulas_fit=fits)
    log_amount, formula, total = said.log_amount, said.formula_log_amount, np.maximum(amount, 0.0)
    middle = float(np.median(formula - log_amount))

    def ranked_value(weight: float) -> float:
        blend = _blend(value_weight=weight, value_middle=middle)
        found = np.exp(log_amount + amount_lift(formula, log_amount, blend))
        return float(tweedie_deviances(total / total.mean(), found / found.mean()).mean())

    return Say(hazard=hazard, value=(_GUESSED_VALUE + _best(ranked_value)) / 2.0, formulas_fit=fits)


def _best(loss: Callable[[float], float]) -> float:
    return float(_WEIGHTS[int(np.argmin([loss(float(weight)) for weight in _WEIGHTS]))])


def _shifts(said: Opinions, middles: list[float], weight: float, *, level: float = 0.0) -> list[float]:
    """Per interval, what gives who is still silent the trees' mean hazard, or one so far, in log-odds, towards the
    formulas'. Each as seen from who is silent by the mixture itself, so that its mean survival is what they make."""
    by_trees, by_formula = _log_odds(_mean_hazards(said.trees)), _log_odds(_mean_hazards(said.formula))
    wanted = sigmoid(by_trees + level * (by_formula - by_trees))
    unshifted = _blend(hazard_weight=weight, hazard_middle=middles, hazard_shift=[0.0] * len(middles))
    mixed = blended_log_odds(said.trees, said.formula, unshifted)
    silent, shifts = np.ones(len(mixed)), []
    for odds, hazard in zip(mixed.T, wanted, strict=True):
        shifts.append(shift_towards(odds, float(hazard), silent))
        silent = silent * sigmoid(-odds - shifts[-1])
    return shifts


def shift_towards(odds: Floats, wanted: float, weights: Floats) -> float:
    """What makes the weighted mean probability the one wanted, by Newton's steps."""
    shift = 0.0
    for _ in range(_STEPS):
        chance = sigmoid(odds + shift)
        missing = float((weights * (chance - wanted)).sum() / max((weights * chance * (1.0 - chance)).sum(), 1e-300))
        shift -= min(max(missing, -1.0), 1.0)
        if abs(missing) < _CLOSE:
            break
    return shift


def _mean_hazards(log_odds: Floats) -> Floats:
    """Per interval, the mean hazard of who is still silent."""
    logs = log_survival(log_odds)
    silent = np.exp(np.concatenate([np.zeros((len(logs), 1)), logs[:, :-1]], axis=1))
    answer: Floats = (silent * sigmoid(log_odds)).mean(axis=0) / silent.mean(axis=0)
    return answer


def _log_odds(chance: Floats) -> Floats:
    answer: Floats = np.log(chance) - np.log1p(-chance)
    return answer


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
