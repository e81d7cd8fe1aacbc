"""At what time of the day orders come: what turns a quantile in days into an instant within its day.

The hazards say on which day an order comes. Shops sleep, so the middle of a day's orders is seldom its noon.
"""

from collections.abc import Sequence

import numpy as np

from scoring.engine.btyd import Floats

_MARKS = np.arange(25) / 24.0


def clock_from(hours: Sequence[float], start: int) -> Floats:
    """(25,): the part of the orders of 24 hours that has come after 0, 1, ... 24 of them, counted from hour `start`.

    `hours` is the part of a day's orders in each hour of the local day; none is zero.
    """
    gone = np.cumsum(np.roll(np.asarray(hours), -start))
    return np.concatenate([[0.0], gone / gone[-1]])


def at_their_hour(days: Floats, clock: Floats) -> Floats:
    """Days whose fraction is a part of the day's orders, as days whose fraction is a part of its time."""
    whole = np.floor(days)
    answer: Floats = whole + np.interp(days - whole, clock, _MARKS)
    return answer


def by_orders(days: Floats, clock: Floats) -> Floats:
    """The way back."""
    whole = np.floor(days)
    answer: Floats = whole + np.interp(days - whole, _MARKS, clock)
    return answer


def hours_of(waits: Floats) -> list[float]:
    """The part of a day's orders in each hour after the time of the day the waits began at; none is impossible."""
    counts = np.bincount(np.floor((waits % 1.0) * 24.0).astype(np.int64), minlength=24) + 0.5
    return [float(share) for share in counts / counts.sum()]
