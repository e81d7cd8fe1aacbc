"""When to look: the horizon, the cutoffs before as_of, the intervals after each, and whether the season is known."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scoring.engine.btyd import Floats

WARM_UP_DAYS = 60
SEASON_WARM_UP_DAYS = 150
YEAR_DAYS = 365
_DAILY_DAYS = 14
_LOOK_BACK_DAYS = 2 * YEAR_DAYS + WARM_UP_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`cutoffs` are days before as_of, ascending from the nearest; edges are days after a cutoff, from 0."""

    horizon_days: int
    cutoffs: tuple[int, ...]
    hazard_edges: tuple[int, ...]
    value_edges: tuple[int, ...]
    knows_season: bool


def default_horizon(p90_gaps: Floats, weights: Floats, history_days: int) -> int:
    """Whole weeks that hold nine of ten gaps between a typical order and the next; at most a quarter of the history."""
    known = ~np.isnan(p90_gaps) & (weights > 0)
    gap = _weighted_median(p90_gaps[known], weights[known]) if known.any() else 90.0
    weeks = int(np.ceil(min(gap, history_days / 4) / 7))
    return 7 * int(np.clip(weeks, 1, 52))


def plan_schedule(*, horizon_days: int, history_days: int, customers: int, waits: Floats, spine_rows: int) -> Schedule:
    """`history_days` since the first order; `waits`: days to the next order of past customers; `spine_rows`:
    about so many (customer, cutoff) pairs at most."""
    step = 7 * int(np.clip(round(horizon_days / 45), 1, 4))
    warm_up = min(WARM_UP_DAYS, history_days // 4)
    reach = min(history_days - warm_up, _LOOK_BACK_DAYS)
    wanted = max(reach // step, 0)
    # Customers arrive over time, so earlier cutoffs hold fewer: half of today's number on average.
    affordable = max(2 * spine_rows // max(customers, 1), 4)
    if wanted > affordable:
        step = 7 * -(-(reach // affordable) // 7)
    return Schedule(
        horizon_days=horizon_days,
        cutoffs=tuple(range(step, reach + 1, step)),
        hazard_edges=hazard_edges(horizon_days, waits, reach),
        value_edges=value_edges(horizon_days),
        knows_season=knows_season(history_days),
    )


def knows_season(history_days: int) -> bool:
    """Whether the days ahead were watched a year before, with customers who had time to build a history."""
    return history_days - YEAR_DAYS >= SEASON_WARM_UP_DAYS


def hazard_edges(horizon_days: int, waits: Floats, reach_days: int) -> tuple[int, ...]:
    """Fine where orders come, and nowhere coarser than a sixth of the horizon; then on as far as was watched."""
    inside = waits[waits < horizon_days]
    edges = {0, horizon_days, *(round(horizon_days * part / 6) for part in range(1, 6))}
    if inside.size:
        if np.median(inside) < _DAILY_DAYS:
            edges |= set(range(min(_DAILY_DAYS // 2, horizon_days)))
        edges |= {int(np.ceil(edge + 1)) for edge in np.quantile(inside, np.linspace(0.0, 0.9, 10))}
    beyond = [round(horizon_days * factor) for factor in (4 / 3, 2, 3, 4)]
    edges |= {edge for edge in beyond if edge <= min(reach_days, 2 * YEAR_DAYS)}
    return _at_least_a_day_apart(sorted(edge for edge in edges if edge <= max(horizon_days, reach_days)), horizon_days)


def value_edges(horizon_days: int) -> tuple[int, ...]:
    """Up to three equal parts of the horizon, none shorter than two weeks."""
    parts = int(np.clip(horizon_days // 14, 1, 3))
    return tuple(round(horizon_days * part / parts) for part in range(parts + 1))


def _at_least_a_day_apart(edges: list[int], horizon_days: int) -> tuple[int, ...]:
    """Thins edges closer together than a thirtieth of the horizon, but for the first two weeks, whose days differ by
    the weekday; keeps 0 and the horizon."""
    kept = [edges[0]]
    for edge in edges[1:]:
        apart = 1 if edge <= _DAILY_DAYS else max(1, horizon_days // 30)
        if edge == horizon_days and kept[-1] != 0 and edge - kept[-1] < apart:
            kept[-1] = edge
        elif edge - kept[-1] >= apart or edge == horizon_days:
            kept.append(edge)
    assert all(left < right for left, right in pairwise(kept))  # noqa: S101
    return tuple(kept)


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2.0)
    return float(values[order][half])
