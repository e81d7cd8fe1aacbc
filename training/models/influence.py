"""How much a single customer may tell of all the others: where one would decide a mean or a total, their part is cut.

Tails of amounts are heavy: that is real money, and the values of who spends it say so. But what newcomers spend, and
the level of everybody, must not hang on one wholesaler, or on one amount typed in cents.
"""

import numpy as np

from scoring.engine.btyd import Floats

_MOST_OF_ALL = 0.05


def bound(values: Floats) -> float:
    """The amount from which on values are cut, so that none is more than a twentieth of the sum of what is left.

    Infinite where none is, which is the rule, and where there are too few to tell.
    """
    ordered = np.sort(values[values > 0])[::-1]
    rest = ordered.sum() - np.cumsum(ordered)
    for number, value in enumerate(ordered[: int(0.5 / _MOST_OF_ALL)], start=1):
        limit = _MOST_OF_ALL * (rest[number - 1] + value) / (1.0 - _MOST_OF_ALL * (number - 1))
        if value <= limit:
            return float("inf") if number == 1 else float(limit)
    return float("inf")
