"""How far actual amounts lie from expected ones, given an order: what P10 and P90 of a value are read from."""

import numpy as np

from scoring.engine.btyd import Flags, Floats
from scoring.engine.spec import ValueCalibration

LEVELS = [0.005, 0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99, 0.995]
_GROUPS = 5
_FEWEST_PER_GROUP = 60
_DEFAULT_SIGMA = 0.9  # of the logarithm, where nothing could be observed


def default_ratios() -> list[float]:
    """A lognormal with mean one: the assumption of a brand too young to be observed."""
    from statistics import NormalDist

    normal = NormalDist()
    return [float(np.exp(_DEFAULT_SIGMA * normal.inv_cdf(level) - _DEFAULT_SIGMA**2 / 2)) for level in LEVELS]


def observe_spread(
    *, expected: Floats, no_order: Floats, actual: Floats, came: Flags, edges: tuple[int, ...], unit_minor: float
) -> ValueCalibration:
    """From predictions of a past moment and what followed; groups are equal parts by P(no order) of who came."""
    value_edges = [float(edge) for edge in edges]
    known = came & (actual > 0) & (expected > 0)
    if known.sum() < _FEWEST_PER_GROUP:
        return ValueCalibration(
            edges=value_edges, unit_minor=unit_minor, group_edges=[], levels=LEVELS, ratios=[default_ratios()]
        )
    ratio = actual[known] * (1.0 - no_order[known]) / expected[known]
    # Whether that moment was over- or underestimated as a whole says nothing of the next one: only the shape is kept.
    ratio *= (expected[known] / (1.0 - no_order[known])).sum() / actual[known].sum()
    groups = int(np.clip(known.sum() // _FEWEST_PER_GROUP, 1, _GROUPS))
    inner = np.linspace(0.0, 1.0, groups + 1)[1:-1]
    group_edges = np.unique(np.quantile(no_order[known], inner)) if groups > 1 else np.empty(0)
    group = np.searchsorted(group_edges, no_order[known], side="right")
    ratios = [np.quantile(ratio[group == number], LEVELS).tolist() for number in range(len(group_edges) + 1)]
    return ValueCalibration(
        edges=value_edges, unit_minor=unit_minor, group_edges=group_edges.tolist(), levels=LEVELS, ratios=ratios
    )
