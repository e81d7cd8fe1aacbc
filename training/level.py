"""How much of the level of churn and value the formulas set beside the trees: the less the past says of the days ahead,
the more.

Trees carry the level of the past moments on. The formulas are fitted to the customers of today, and know neither season
nor campaign. Where what lies ahead was never watched, or where today's customers are others than those learnt from, a
mean of both is nearer the truth than either.
"""

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet
from training.data.learning import LearningSet
from training.models.boosting import exposure
from training.newcomers import Newcomers

_FOR_EACH_REASON = 0.5
_WORST_FORMULA = 1.2
"""Of the trees' loss on what these were grown on. It is 1.0 to 1.2 in nearly all young shops, 1.2 to 2 where customers
come at regular intervals, 6 to 9 where they come on fixed days, as in subscriptions."""
_ENOUGH_EXAMPLES = 10_000


def level_say(*, knows_season: bool, came: Newcomers | None) -> float:
    """The formulas' weight in the level, 0 to 1."""
    reasons = (not knows_season, came is not None and came.are_many)
    return _FOR_EACH_REASON * sum(reasons)


def formulas_know(models: ModelSet, learning: LearningSet, *, threads: int) -> bool:
    """Whether customers are of the kind that the formulas suppose, as far as can be told without a rehearsal: by the
    examples that the trees were grown on, in which they are at an advantage."""
    some = learning.rows(np.arange(0, len(learning), max(len(learning) // _ENOUGH_EXAMPLES, 1)))
    edges = np.asarray(models.spec.grid.edges)
    waited = exposure(some, edges)
    came = some.wait_days[:, None] < edges[1:]
    said = models.opinions(some.matrix, threads=threads)

    def loss(log_odds: Floats) -> float:
        return float((np.logaddexp(0.0, log_odds) - came * log_odds)[waited].mean())

    return loss(said.formula) <= _WORST_FORMULA * loss(said.trees)
