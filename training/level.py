"""How much of the level of churn and value the formulas set beside the trees: the less the past says of the days ahead,
the more.

Trees carry the level of the past moments on. The formulas are fitted to the customers of today, and know neither season
nor campaign. Where what lies ahead was never watched, or where today's customers are others than those learnt from, a
mean of both is nearer the truth than either.
"""

from dataclasses import dataclass

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats
from training.data.learning import LearningSet

_FOR_EACH_REASON = 0.5
_UNLIKE = 0.2
"""So many more of the customers are newcomers: after a campaign, but in no company with a steady flow of them."""
_FIRST_ORDER = FEATURE_NAMES.index("days_since_first_order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """The share of customers who came within the last horizon: today, and at the last moment whose horizon is over."""

    days: int
    now: float
    then: float
    days_earlier: int

    @property
    def are_many(self) -> bool:
        """Whether today's customers are largely of a kind that nobody was watched of."""
        return self.now - self.then > _UNLIKE


def newcomers(present: Floats, learning: LearningSet, horizon_days: int) -> Newcomers | None:
    """`present` are today's feature vectors, `learning` is what is known of the past; None: no horizon is over."""
    over = learning.age_days[learning.age_days >= horizon_days]
    if not over.size:
        return None
    earlier = over.min()
    then = learning.matrix[learning.age_days == earlier]
    return Newcomers(
        days=horizon_days, now=_share(present, horizon_days), then=_share(then, horizon_days), days_earlier=int(earlier)
    )


def level_say(*, knows_season: bool, came: Newcomers | None) -> float:
    """The formulas' weight in the level, 0 to 1."""
    reasons = (not knows_season, came is not None and came.are_many)
    return _FOR_EACH_REASON * sum(reasons)


def _share(vectors: Floats, days: int) -> float:
    return float(np.mean(vectors[:, _FIRST_ORDER] < days))
