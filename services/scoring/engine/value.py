"""Expected net revenue and its interval: what the trees say per interval, and the mass at zero of who stays away."""

from dataclasses import dataclass

import numpy as np

from scoring.engine.btyd import Floats, GammaGamma, History, MbgNbd
from scoring.engine.spec import ValueCalibration

TAIL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueEstimate:
    """Minor units; the amount lies between low and high with a probability of 80 %.

    They are P10 and P90, but zero and P80 when staying away is itself as likely as a tail: an interval from P10 to P90
    would hold all of the mass at zero, and nine tenths. Where everybody pays the same price, P10 can lie a hair above
    the expectation: low then is the expectation.
    """

    expected: Floats
    low: Floats
    high: Floats


def baseline_expected(
    btyd: MbgNbd, spending: GammaGamma, history: History, mean_repeat_amount: Floats, mean_basket: Floats, days: float
) -> Floats:
    """MBG/NBD orders times Gamma-Gamma amount. One-time buyers count with their only basket."""
    once = ~(history.repeats > 0)
    mean = np.where(once, mean_basket, mean_repeat_amount)
    purchases = np.where(once, 1.0, history.repeats)
    answer: Floats = btyd.expected_orders(history, days) * spending.expected_amount(mean, purchases)
    return answer


def cumulative_expected(amounts: Floats, edges: Floats, days: float) -> Floats:
    """The amount expected within `days`, from the amounts per interval (rows, intervals); `days` <= the last edge."""
    total = np.concatenate([np.zeros((len(amounts), 1)), np.cumsum(amounts, axis=1)], axis=1)
    interval = min(int(np.searchsorted(edges, days, side="left")), len(edges) - 1) - 1
    interval = max(interval, 0)
    share = (days - edges[interval]) / (edges[interval + 1] - edges[interval])
    answer: Floats = total[:, interval] + share * (total[:, interval + 1] - total[:, interval])
    return answer


def interval_around(expected: Floats, no_order: Floats, calibration: ValueCalibration) -> ValueEstimate:
    """The amount is zero with probability `no_order`, else the expectation given an order times a calibrated ratio."""
    given_order = expected / np.maximum(1.0 - no_order, 1e-6)
    group = np.searchsorted(np.asarray(calibration.group_edges), no_order, side="right")
    ratios, levels = np.asarray(calibration.ratios), np.asarray(calibration.levels)
    bounds = []
    for level in (TAIL, np.where(no_order < TAIL, 1.0 - TAIL, 1.0 - 2.0 * TAIL)):
        inside = (level - no_order) / np.maximum(1.0 - no_order, 1e-6)
        ratio = _interpolated(np.clip(inside, levels[0], levels[-1]), levels, ratios[group])
        bounds.append(np.where(inside <= 0.0, 0.0, given_order * ratio))
    return ValueEstimate(expected=expected, low=np.minimum(bounds[0], expected), high=bounds[1])


def _interpolated(level: Floats, levels: Floats, tables: Floats) -> Floats:
    """Row i of `tables` (values at `levels`) read at level[i]."""
    left = np.clip(np.searchsorted(levels, level, side="right") - 1, 0, len(levels) - 2)
    row = np.arange(len(level))
    share = (level - levels[left]) / (levels[left + 1] - levels[left])
    answer: Floats = tables[row, left] * (1.0 - share) + tables[row, left + 1] * share
    return answer
