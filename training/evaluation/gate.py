"""Decides whether one set of predictions beats another: paired differences on the same customers, with intervals."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine.btyd import Flags, Floats
from training.evaluation.intervals import Measured
from training.evaluation.metrics import log_losses, quantile_losses, tweedie_deviances
from training.evaluation.outcome import Outcome

MODEL_OF_KIND: Mapping[PredictionKind, str] = {
    PredictionKind.CHURN: "next_purchase",  # the same distribution, at the horizon
    PredictionKind.NEXT_PURCHASE: "next_purchase",
    PredictionKind.VALUE: "value",
}
_ROUNDS = 400
_NEGLIGIBLE = 1e-4
"""Of the other's loss: a difference below this comes of how figures are rounded and stored, however sure it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition of the promotion gate."""

    check: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Mean loss less the other's (`reference`), with its 95 % bootstrap interval: below zero is better,
    where it matters."""

    measure: str
    reference: float
    difference: float
    low: float
    high: float

    @property
    def in_parts(self) -> Measured:
        """The difference in parts of the other's mean loss, so that losses of any kind can stand in one table."""
        unit = abs(self.reference) or 1.0
        return Measured(value=self.difference / unit, low=self.low / unit, high=self.high / unit)

    @property
    def is_better(self) -> bool:
        return self.high < -_NEGLIGIBLE * abs(self.reference)

    @property
    def is_worse(self) -> bool:
        return self.low > _NEGLIGIBLE * abs(self.reference)

    def sentence(self, other: str) -> str:
        word = "better than" if self.is_better else "worse than" if self.is_worse else "not to be told from"
        return (
            f"{self.measure} {word} {other}: difference {self.difference:+.4f} "
            f"(95 % interval {self.low:+.4f} to {self.high:+.4f})"
        )


def compare_probabilities(found: Floats, other: Floats, truth: Flags, *, seed: int = 0) -> Verdict:
    """By log loss."""
    return _verdict("log loss", log_losses(found, truth), log_losses(other, truth), seed)


def judge(found: Outcome, other: Outcome, *, seed: int = 0) -> dict[PredictionKind, Verdict]:
    """Churn by log loss, next purchase by the quantile loss of min(T, horizon), value by the Tweedie deviance."""
    losses = {
        PredictionKind.CHURN: (
            "log loss",
            log_losses(found.churn, found.churned),
            log_losses(other.churn, other.churned),
        ),
        PredictionKind.NEXT_PURCHASE: ("quantile loss", _quantile_losses(found), _quantile_losses(other)),
    }
    if found.value is not None and other.value is not None and found.amount is not None:
        unit = float(max(found.amount.mean(), 1.0))
        actual = found.amount / unit
        losses[PredictionKind.VALUE] = (
            "Tweedie deviance", tweedie_deviances(actual, found.value / unit),
            tweedie_deviances(actual, other.value / unit),
        )  # fmt: skip
    return {kind: _verdict(measure, own, others, seed) for kind, (measure, own, others) in losses.items()}


def basis_of(grown: Collection[str], verdicts: Mapping[PredictionKind, Verdict]) -> dict[str, str]:
    """Who answers for each kind, the models that were grown or the baseline.

    Churn and next purchase are one distribution: the models answer for both or for neither. Where they lost it, value
    goes with it: it was grown on the same weeks, which mislead, and its interval is made of that distribution.
    """
    lost = {kind for kind, verdict in verdicts.items() if verdict.is_worse}
    lost |= {kind for kind, name in MODEL_OF_KIND.items() if name not in grown}
    if lost & {PredictionKind.CHURN, PredictionKind.NEXT_PURCHASE}:
        lost = set(MODEL_OF_KIND)
    return {
        str(kind): str(PredictionBasis.BASELINE if kind in lost else PredictionBasis.MODEL) for kind in MODEL_OF_KIND
    }


def _verdict(measure: str, own: Floats, others: Floats, seed: int) -> Verdict:
    rng = np.random.default_rng(seed)
    difference = own - others
    means = [float(difference[rng.integers(0, len(difference), len(difference))].mean()) for _ in range(_ROUNDS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return Verdict(
        measure=measure, reference=float(others.mean()), difference=float(difference.mean()), low=float(low),
        high=float(high),
    )  # fmt: skip


def _quantile_losses(outcome: Outcome) -> Floats:
    return quantile_losses(outcome.quantiles, outcome.wait_days, float(outcome.horizon_days))
