"""Judges the predictions of one moment by what followed it: every measure, for the models and for the baseline."""

from dataclasses import dataclass

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Flags, Floats, Positions
from scoring.engine.design import FeatureColumns
from scoring.engine.distribution import baseline_curve
from scoring.engine.hours import by_orders
from scoring.engine.model_set import ModelSet
from scoring.engine.scores import Scores
from training.data.learning import LearningSet
from training.evaluation import metrics
from training.evaluation.survival import silence_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was predicted for the customers of one cutoff and what came; all with an order before it.

    `position` is the predicted P(order by the day it came, or by the horizon when none came).
    """

    horizon_days: int
    matrix: Floats
    churned: Flags
    wait_days: Floats
    amount: Floats | None
    churn: Floats
    quantiles: dict[float, Floats]
    position: Floats
    value: Floats | None
    low: Floats | None
    high: Floats | None

    def feature(self, name: str) -> Floats:
        column: Floats = self.matrix[:, FEATURE_NAMES.index(name)]
        return column

    def rows(self, keep: Flags | Positions) -> "Outcome":
        """Some of the customers."""

        def part(values: Floats | None) -> Floats | None:
            return None if values is None else values[keep]

        return Outcome(
            horizon_days=self.horizon_days, matrix=self.matrix[keep], churned=self.churned[keep],
            wait_days=self.wait_days[keep], amount=part(self.amount), churn=self.churn[keep],
            quantiles={level: days[keep] for level, days in self.quantiles.items()}, position=self.position[keep],
            value=part(self.value), low=part(self.low), high=part(self.high),
        )  # fmt: skip


def outcome_of(
    models: ModelSet, examples: LearningSet, *, threads: int = 2, horizon_days: int | None = None
) -> Outcome:
    """The models' predictions of rows whose horizon (the trained one when None) has passed, and is all of `amounts`."""
    scores = models.scores(examples.matrix, horizon_days=horizon_days, threads=threads)
    return _outcome(scores.horizon_days, examples, scores)


def baseline_outcome(models: ModelSet, examples: LearningSet) -> Outcome:
    """What MBG/NBD and Gamma-Gamma alone would have said."""
    history = FeatureColumns(models.spec.columns).history(examples.matrix)
    edges = np.asarray(models.spec.grid.edges)
    horizon = float(models.horizon_days)
    curve = baseline_curve(models.spec.btyd, history, edges)
    seen = np.minimum(np.where(np.isnan(examples.wait_days), np.inf, examples.wait_days), horizon)
    value = models.baseline_value(examples.matrix, history, horizon) if models.spec.spending else None
    return Outcome(
        horizon_days=models.horizon_days, matrix=examples.matrix, churned=examples.churned(models.horizon_days),
        wait_days=examples.wait_days, amount=_amount(examples, value is not None),
        churn=curve.silent_through(horizon),
        quantiles={level: curve.quantile(level) for level in (0.1, 0.5, 0.9)},
        position=1.0 - models.spec.btyd.silent_at(history, seen), value=value, low=None, high=None,
    )  # fmt: skip


def measure(outcome: Outcome) -> dict[str, float]:
    """Every measure by name; those that are not defined on these rows are left out."""
    truth, churn, horizon = outcome.churned, outcome.churn, float(outcome.horizon_days)
    came = outcome.wait_days < horizon
    found = {
        "customers": float(len(truth)),
        "churn_rate": float(truth.mean()),
        "churn_auc": metrics.auc(churn, truth),
        "churn_pr_auc": metrics.average_precision(churn, truth),
        "churn_log_loss": metrics.log_loss(churn, truth),
        "churn_brier": metrics.brier(churn, truth),
        "churn_ece": metrics.calibration_error(churn, truth),
        "churn_in_the_large": float(churn.mean() - truth.mean()),
        "next_c_index": metrics.concordance(outcome.quantiles[0.5], outcome.wait_days, horizon),
        "next_pinball": metrics.pinball(outcome.quantiles, outcome.wait_days, horizon),
        "next_coverage": metrics.interval_coverage(outcome.position, came),
        "next_median_error": _median_error(outcome, came),
    }
    if outcome.value is not None and outcome.amount is not None:
        found |= _measure_value(outcome.amount, outcome.value, outcome.low, outcome.high)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _measure_value(amount: Floats, value: Floats, low: Floats | None, high: Floats | None) -> dict[str, float]:
    found = {
        "value_spearman": metrics.spearman(amount, value),
        "value_gini": metrics.normalised_gini(amount, value),
        "value_top_decile": metrics.top_decile_capture(amount, value),
        "value_mae": float(np.mean(np.abs(amount - value))),
        "value_bias": metrics.total_bias(amount, value),
    }
    if low is not None and high is not None:
        found["value_coverage"] = float(np.mean((amount >= low) & (amount <= high)))
    return found


def _median_error(outcome: Outcome, came: Flags) -> float:
    """Median absolute error of the median, of who came."""
    return float(np.median(np.abs(outcome.quantiles[0.5] - outcome.wait_days)[came])) if came.any() else float("nan")


def _outcome(horizon_days: int, examples: LearningSet, scores: Scores) -> Outcome:
    seen = np.minimum(np.where(np.isnan(examples.wait_days), np.inf, examples.wait_days), float(horizon_days))
    value = scores.value
    return Outcome(
        horizon_days=horizon_days, matrix=examples.matrix, churned=examples.churned(horizon_days),
        wait_days=examples.wait_days, amount=_amount(examples, value is not None), churn=scores.churn,
        quantiles={0.1: scores.p10_days, 0.5: scores.p50_days, 0.9: scores.p90_days},
        position=1.0 - silence_at(scores.days, scores.within, by_orders(seen, scores.clock)),
        value=value.expected if value else None, low=value.low if value else None,
        high=value.high if value else None,
    )  # fmt: skip


def _amount(examples: LearningSet, has_value: bool) -> Floats | None:
    return examples.amounts.sum(axis=1) if has_value else None
