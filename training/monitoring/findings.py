"""Whether models still do what they promised: the rules by which figures become an alert."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from training.evaluation.gate import judge
from training.evaluation.intervals import Measured
from training.evaluation.outcome import Outcome
from training.judging.population import Drift
from training.judging.report import MEASURES

_PROMISED = ("churn_auc", "churn_ece", "next_c_index", "next_coverage", "value_gini", "value_bias")
"""Proper scores move with the share of customers who come back, so those are compared with the baseline's instead."""
_TOLERATED = {"churn_ece": 0.05, "next_coverage": 0.05, "value_bias": 0.10}
_WORST_IN_THE_LARGE, _WORST_IN_A_GROUP = 0.05, 0.10
_FEWEST_CUSTOMERS = 100
_DRIFTED, _MOVED, _CHANCE = 0.25, 0.10, 0.01
_WEIGHTY, _MENTIONED = 0.05, 0.01


class Status(StrEnum):
    """What monitoring concludes: NOT_YET when no prediction of the set has matured."""

    HEALTHY = "HEALTHY"
    NOT_YET = "NOT_YET"
    DRIFTED = "DRIFTED"
    DECAYED = "DECAYED"


class Subject(StrEnum):
    PERFORMANCE = "PERFORMANCE"
    DRIFT = "DRIFT"
    CHALLENGER = "CHALLENGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing worth saying."""

    subject: Subject
    is_alert: bool
    sentence: str


def status_of(findings: Sequence[Finding], *, judged_customers: int) -> Status:
    alerts = {finding.subject for finding in findings if finding.is_alert}
    if Subject.PERFORMANCE in alerts:
        return Status.DECAYED
    if Subject.DRIFT in alerts:
        return Status.DRIFTED
    return Status.HEALTHY if judged_customers >= _FEWEST_CUSTOMERS else Status.NOT_YET


def performance(
    found: Mapping[str, Measured], promised: Mapping[str, Mapping[str, Any]], outcome: Outcome, baseline: Outcome,
    basis: Mapping[str, str],
) -> list[Finding]:  # fmt: skip
    """Against the measures promised at training, against zero bias, and against the baseline on the same customers."""
    if len(outcome.churn) < _FEWEST_CUSTOMERS:
        sentence = f"{len(outcome.churn)} matured predictions: fewer than {_FEWEST_CUSTOMERS} are not judged"
        return [Finding(subject=Subject.PERFORMANCE, is_alert=False, sentence=sentence)]
    kept = [_promise(name, found[name], promised[name]) for name in _PROMISED if name in found and name in promised]
    return [*kept, _in_the_large(found["churn_in_the_large"]), *_against_baseline(outcome, baseline, basis)]


def _promise(name: str, found: Measured, promised: Mapping[str, Any]) -> Finding:
    measure = MEASURES[name]
    apart = found.low > promised["high"] or found.high < promised["low"]
    worse = measure.distance(found.value) - measure.distance(promised["value"]) > _TOLERATED.get(name, 0.0)
    return Finding(
        subject=Subject.PERFORMANCE,
        is_alert=apart and worse,
        sentence=f"{measure.section.lower()} {measure.words}: {found.value:.3f} ({found.low:.3f} to {found.high:.3f}), "
        f"promised {promised['value']:.3f} ({promised['low']:.3f} to {promised['high']:.3f})",
    )


def _in_the_large(found: Measured) -> Finding:
    return Finding(
        subject=Subject.PERFORMANCE,
        is_alert=abs(found.value) > _WORST_IN_THE_LARGE and not found.low <= 0.0 <= found.high,
        sentence=f"churn predicted less observed {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}); "
        f"{_WORST_IN_THE_LARGE} is tolerated",
    )


def fairness(groups: Mapping[str, Mapping[str, Measured]], baseline: Mapping[str, Outcome]) -> list[Finding]:
    """Stages and channels whose churn is off as a whole by more than is tolerated, and not by chance.

    What the baseline said of the same customers is told beside it: where it was as far off, what changed is how these
    customers behave, and not the models.
    """
    off = {name: found["churn_in_the_large"] for name, found in groups.items() if "churn_in_the_large" in found}
    return [
        Finding(
            subject=Subject.PERFORMANCE,
            is_alert=True,
            sentence=f"{name}: churn predicted less observed {one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f}) of "
            f"{len(baseline[name].churn):,} customers, by the baseline "
            f"{(baseline[name].churn - baseline[name].churned).mean():+.3f}; {_WORST_IN_A_GROUP} is tolerated",
        )
        for name, one in off.items()
        if abs(one.value) > _WORST_IN_A_GROUP and not one.low <= 0.0 <= one.high
    ]


def _against_baseline(outcome: Outcome, baseline: Outcome, basis: Mapping[str, str]) -> Iterable[Finding]:
    for kind, verdict in judge(outcome, baseline).items():
        is_model = basis.get(kind) == "MODEL"
        yield Finding(
            subject=Subject.PERFORMANCE,
            is_alert=verdict.is_worse and is_model,
            sentence=f"{kind.lower().replace('_', ' ')}: {verdict.sentence('the baseline')}",
        )


def drifts(found: Sequence[Drift]) -> list[Finding]:
    """An alert where a prediction moved, or an input that carries at least a twentieth of the churn contributions."""
    moved = [
        one
        for one in found
        if one.stability_index >= _MOVED and one.chance < _CHANCE and (one.is_prediction or one.weight >= _MENTIONED)
    ]
    return [
        Finding(
            subject=Subject.DRIFT,
            is_alert=one.stability_index >= _DRIFTED and (one.is_prediction or one.weight >= _WEIGHTY),
            sentence=f"{one.name} moved: stability index {one.stability_index:.2f}"
            + (f", {one.weight:.0%} of what moves churn" if one.weight >= _WEIGHTY else "")
            + (f", missing {one.missing_before:.0%} then, {one.missing_now:.0%} now"
               if abs(one.missing_now - one.missing_before) > _MOVED else ""),
        )
        for one in moved
    ]  # fmt: skip


def challenged(challenger: Outcome, champion: Outcome, name: str) -> list[Finding]:
    """The challenger's predictions against the champion's, of the same customers from the same instants."""
    return [
        Finding(
            subject=Subject.CHALLENGER,
            is_alert=False,
            sentence=f"challenger {name}, {kind.lower().replace('_', ' ')}: {verdict.sentence('the champion')}",
        )
        for kind, verdict in judge(challenger, champion).items()
    ]


def not_compared(name: str, trained_at: datetime) -> Finding:
    sentence = (
        f"challenger {name} (of {trained_at:%Y-%m-%d}) knew what came, or looks over another horizon: not compared yet"
    )
    return Finding(subject=Subject.CHALLENGER, is_alert=False, sentence=sentence)
