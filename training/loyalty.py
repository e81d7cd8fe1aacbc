"""Loyalty potential after the first order: who will have ordered three times within a year of it, learnt and judged.

Only customers whose year is over can teach. The judgement is by later ones: the trees are grown on whose year was over
a quarter before, and judged, beside MBG/NBD, by those whose year ended since, seen at the first cutoff they were in.
"""

from dataclasses import dataclass

import numpy as np
from lightgbm import Booster

from scoring.engine.btyd import Flags, Floats, MbgNbd
from scoring.engine.distribution import sigmoid
from training.data.learning import LearningSet
from training.data.schedule import YEAR_DAYS
from training.evaluation import metrics
from training.evaluation.gate import Verdict, compare_probabilities
from training.models.boosting import COLUMNS, Workbench, grow

_QUARTER_DAYS = 91
FEWEST_OF_A_KIND = 100
"""With fewer loyal or fewer other examples nothing is learnt; with fewer than half of it nothing is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loyalty:
    """`booster` is None where there was too little; `verdict` where nobody could judge it."""

    booster: Booster | None = None
    verdict: Verdict | None = None
    measures: dict[str, float]

    @property
    def is_proven(self) -> bool:
        return self.booster is not None and self.verdict is not None and not self.verdict.is_worse


def fit_loyalty(bench: Workbench, *, step_days: int) -> Loyalty:
    """`step_days` between cutoffs: who ordered first within it is seen for the first time."""
    learning = bench.learning
    since_first = COLUMNS.of(learning.matrix, "days_since_first_order")
    once = (COLUMNS.of(learning.matrix, "order_count") == 1) & (since_first < YEAR_DAYS)
    over_for = since_first + learning.watched_days - YEAR_DAYS
    loyal: Flags = since_first + learning.second_wait_days < YEAR_DAYS
    booster = _grown(bench, once & (over_for >= 0), loyal)
    earlier = _grown(bench, once & (over_for >= _QUARTER_DAYS), loyal) if booster else None
    judges = once & (over_for >= 0) & (over_for < _QUARTER_DAYS) & (since_first < step_days)
    if earlier is None or _fewest(loyal[judges]) < FEWEST_OF_A_KIND / 2:
        return Loyalty(booster=booster, measures={})
    found = sigmoid(np.asarray(earlier.predict(bench.inputs[judges], raw_score=True, num_threads=1)))
    baseline = potential_by_btyd(bench.btyd, learning, judges)
    verdict = compare_probabilities(found, baseline, loyal[judges], seed=bench.seed)
    return Loyalty(booster=booster, verdict=verdict, measures=_measures(found, baseline, loyal[judges]))


def potential_by_btyd(btyd: MbgNbd, learning: LearningSet, rows: Flags) -> Floats:
    history = COLUMNS.history(learning.matrix[rows])
    return np.clip(btyd.at_least_two(history, np.maximum(YEAR_DAYS - history.age, 0.0)), 0.0, 1.0)


def _grown(bench: Workbench, rows: Flags, loyal: Flags) -> Booster | None:
    if _fewest(loyal[rows]) < FEWEST_OF_A_KIND:
        return None
    parameters = bench.recipe.loyalty_parameters(bench.seed)
    return grow(bench, bench.inputs[rows], loyal[rows], parameters, bench.recipe.loyalty_trees)


def _fewest(loyal: Flags) -> int:
    return int(min(loyal.sum(), len(loyal) - loyal.sum()))


def _measures(found: Floats, baseline: Floats, loyal: Flags) -> dict[str, float]:
    measured = {"loyalty_customers": float(len(loyal)), "loyalty_rate": float(loyal.mean())}
    for prefix, probability in (("loyalty", found), ("loyalty_floor", baseline)):
        measured |= {
            f"{prefix}_auc": metrics.auc(probability, loyal),
            f"{prefix}_brier": metrics.brier(probability, loyal),
            f"{prefix}_log_loss": metrics.log_loss(probability, loyal),
            f"{prefix}_ece": metrics.calibration_error(probability, loyal),
        }
    return measured
