"""How far actual amounts lie from expected ones, given an order: what P10 and P90 of a value are read from.

The shape is that of all examples. Their level tells nothing of the next one, but that it will be off by something, too:
so the ratios are blurred by it. Where amounts vary by themselves that hardly shows; where everybody pays one of a few
prices it keeps a bound from lying a hair beside them. And the models have learnt from these very examples, the more of
each the fewer there are: customers of a rehearsal, whom they did not know, tell by how much the shape is too narrow.
"""

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet
from scoring.engine.spec import ValueCalibration
from scoring.engine.value import TAIL, interval_around
from training.data.learning import LearningSet

LEVELS = [0.005, 0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99, 0.995]
_GROUPS = 5
_FEWEST_PER_GROUP = 60
_MOST_EXAMPLES = 6_000
_ASSUMED_SIGMA = 0.9  # of the logarithm, where nothing could be observed
_LEVEL_SIGMA = 0.07  # of the logarithm of the level that is not known
_LEVELS_TRIED = 21
_POWERS = np.linspace(1.0, 1.3, 7)
_USUAL_POWER = 1.1  # about what rehearsals ask for


def assumed_spread(edges: tuple[int, ...], unit_minor: float) -> ValueCalibration:
    """A lognormal with mean one: the assumption of a brand too young to be observed."""
    ratios = _lognormal(LEVELS, _ASSUMED_SIGMA).tolist()
    return ValueCalibration(
        edges=[float(edge) for edge in edges], unit_minor=unit_minor, group_edges=[], levels=LEVELS, ratios=[ratios]
    )


def observe_spread(models: ModelSet, learning: LearningSet, *, threads: int) -> ValueCalibration | None:
    """From what the models say of examples and what followed, within each of the horizons that value is learnt for, as
    far as it had passed. None without amounts, or where too few came."""
    known = models.spec.value
    if known is None or not len(learning):
        return None
    evenly = np.linspace(0, len(learning) - 1, min(len(learning), _MOST_EXAMPLES)).astype(np.int64)
    some = learning.rows(evenly)  # cutoff follows cutoff
    said = models.worth_within(some.matrix, some.value_edges[1:], threads=threads)
    seen = [_seen(some, number, *worth) for number, worth in enumerate(said, start=1)]
    no_order, ratio = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    return spread_of(no_order, ratio, known)


def spread_of(no_order: Floats, ratio: Floats, known: ValueCalibration) -> ValueCalibration | None:
    """From the P(no order) of who came, and their amounts in parts of what was expected of them, given an order; groups
    are equal parts by P(no order). None for too few."""
    groups = min(len(ratio) // _FEWEST_PER_GROUP, _GROUPS)
    if not groups:
        return None
    parts = np.linspace(0.0, 1.0, groups + 1)[1:-1]
    edges = np.unique(np.quantile(no_order, parts, method="higher"))  # some of the customers', so no group is empty
    edges = edges[edges > no_order.min()]
    group = np.searchsorted(edges, no_order, side="right")
    ratios = [_at_any_level(ratio[group == number]).tolist() for number in range(len(edges) + 1)]
    return replace(known, group_edges=edges.tolist(), ratios=ratios)


def widened_as_usual(spread: ValueCalibration) -> ValueCalibration:
    """Where no rehearsal can tell."""
    return _to_the_power(spread, _USUAL_POWER)


def widened(spread: ValueCalibration, *, expected: Floats, no_order: Floats, actual: Floats) -> ValueCalibration:
    """So wide that it holds what it ought to of others who came; at the level that was observed."""
    came = (actual > 0) & (expected > 0) & (no_order < 1)
    if came.sum() < _FEWEST_PER_GROUP:
        return widened_as_usual(spread)
    expected, no_order, actual = expected[came], no_order[came], actual[came]
    expected = expected * actual.sum() / (expected / (1.0 - no_order)).sum()
    ought = np.mean(_held_of_who_came(no_order))
    for power in _POWERS:
        found = _to_the_power(spread, float(power))
        around = interval_around(expected, no_order, found)
        if np.mean((actual >= around.low) & (actual <= around.high)) >= ought:
            break
    return found


def _to_the_power(spread: ValueCalibration, power: float) -> ValueCalibration:
    return replace(spread, ratios=[[ratio**power for ratio in ratios] for ratios in spread.ratios])


def _held_of_who_came(no_order: Floats) -> Floats:
    """The part of those who come that an interval of 80 % holds; the others of it stay away."""
    held = np.where(no_order < TAIL, 1.0 - 2.0 * TAIL, np.maximum(1.0 - 2.0 * TAIL - no_order, 0.0))
    answer: Floats = held / (1.0 - no_order)
    return answer


def _seen(examples: LearningSet, intervals: int, no_order: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """P(no order) of who came within so many intervals, where these had passed, and their amounts in parts of what was
    expected of them, given an order; as a whole neither too much nor too little."""
    days = examples.value_edges[intervals]
    actual = examples.amounts[:, :intervals].sum(axis=1)
    came = examples.has_passed(days) & ~examples.churned(days) & (actual > 0) & (expected > 0) & (no_order < 1)
    given_order = expected[came] / (1.0 - no_order[came])
    level = given_order.sum() / actual[came].sum() if came.any() else 1.0
    return no_order[came], actual[came] / given_order * level


def _at_any_level(ratio: Floats) -> Floats:
    """The quantiles of ratios whose common level is uncertain."""
    steps = (np.arange(_LEVELS_TRIED) + 0.5) / _LEVELS_TRIED
    found: Floats = np.quantile(np.outer(ratio, _lognormal(steps.tolist(), _LEVEL_SIGMA)), LEVELS)
    return found


def _lognormal(levels: list[float], sigma: float) -> Floats:
    normal = NormalDist()
    return np.exp(np.array([sigma * normal.inv_cdf(level) for level in levels]) - sigma**2 / 2.0)
