"""How many of today's customers are new, and how far such have been from what the trees say of them.

Trees know newcomers by those of before. After a campaign today's are many, and may be of another kind: what trees still
miss of them in the newest weeks, though they learnt from these, they will miss in the next. Only what sets newcomers
apart from everybody else is carried on, for the level of all is the season's, and may turn.
"""

from dataclasses import dataclass

import numpy as np
from lightgbm import Booster, Dataset, train

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Flags, Floats
from scoring.engine.distribution import sigmoid
from scoring.engine.model_set import ModelSet
from training.blending import shift_towards
from training.data.learning import LearningSet
from training.models.boosting import exposure

_MORE, _UNLIKE = 0.1, 0.2
"""So many more of the customers are newcomers: in no company with a steady flow of them; and only after a campaign."""
_AGE = "days_since_first_order"
_FIRST_ORDER = FEATURE_NAMES.index(_AGE)
_NEWEST_DAYS, _ENOUGH_EXAMPLES = 31, 20_000
_USUAL, _MOST = 0.5, 1.0
"""How far apart newcomers may well be, in log-odds, which a few orders do not tell from nothing; and at most."""
_AHEAD = 1.5
"""Days to come are missed by more than those that were learnt from."""
_STUMP = {
    "num_leaves": 2, "learning_rate": 1.0, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0,
    "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """The share of customers who came within the last horizon: today, and at the last moment whose horizon is over."""

    days: int
    now: float
    then: float
    days_earlier: int

    @property
    def are_more(self) -> bool:
        """Whether they are enough more than before for what sets them apart to be looked for."""
        return self.now - self.then > _MORE

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


def set_apart(models: ModelSet, learning: LearningSet, *, threads: int) -> float:
    """By how much more newcomers will order than the trees expect, as far as others will not, too: in log-odds. Where
    the others were missed, trees do not know these weeks, and what they say of newcomers tells little."""
    newest = learning.rows(learning.age_days <= max(_NEWEST_DAYS, learning.age_days.min()))
    some = newest.rows(np.arange(0, len(newest), max(len(newest) // _ENOUGH_EXAMPLES, 1)))
    edges = np.asarray(models.spec.grid.edges)
    waited, came = exposure(some, edges), some.wait_days[:, None] < edges[1:]
    trees, new = models.opinions(some.matrix, threads=threads).trees, _are_new(some.matrix, models.horizon_days)
    (of_new, new_variance), (of_others, others_variance) = (
        _missed(trees[group][waited[group]], came[group][waited[group]]) for group in (new, ~new)
    )
    known = _USUAL**2 / (_USUAL**2 + new_variance + others_variance + of_others**2)
    return float(np.clip(_AHEAD * known * (of_new - of_others), -_MOST, _MOST))


def moved(booster: Booster, by: float, present: Floats, horizon_days: int) -> Booster:
    """The booster with one more tree, which moves whoever came within the last horizon. Drivers are told against the
    mean customer, so the tree is grown from those of today, `present`."""
    names, new = booster.feature_name(), _are_new(present, horizon_days)
    inputs = np.zeros((len(new), len(names)), dtype=np.float32)
    inputs[:, names.index(_AGE)] = np.where(new, horizon_days - 1, horizon_days)
    data = Dataset(inputs, label=new.astype(np.float64), feature_name=names, params={"verbose": -1})
    objective = booster.dump_model(num_iteration=1)["objective"].split()[0]
    grown = train({**_STUMP, "objective": objective}, data, 1, init_model=booster)
    last = grown.num_trees() - 1
    grown.set_leaf_output(last, 0, by)  # the lower side of its only split: the newer customers
    grown.set_leaf_output(last, 1, 0.0)
    return grown


def _missed(log_odds: Floats, came: Flags) -> tuple[float, float]:
    """What would make the trees expect as many orders as came (none counts as half a one), and the variance of that."""
    move = shift_towards(log_odds, (float(came.sum()) + 0.5) / (len(came) + 1.0), np.ones(len(log_odds)))
    chance = sigmoid(log_odds + move)
    return move, 1.0 / max(float((chance * (1.0 - chance)).sum()), 1e-9)


def _share(vectors: Floats, days: int) -> float:
    return float(np.mean(_are_new(vectors, days)))


def _are_new(vectors: Floats, days: int) -> Flags:
    new: Flags = vectors[:, _FIRST_ORDER] < days
    return new
