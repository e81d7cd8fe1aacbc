"""The promotion gate: whether a freshly trained set may take the champion's place, with every reason said."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from customer.errors import FeatureSetMismatchError, ParcoursError
from customer.vocabulary import PredictionKind
from scoring.engine.model_set import ModelSet, load_model_set
from training.data.learning import LearningSet
from training.evaluation.gate import judge
from training.evaluation.outcome import Outcome, groups_by_orders, outcome_of
from training.registry.model_registry import CHAMPION, RegisteredSet, download_set, find_by_alias
from training.train import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_WORST_IN_THE_LARGE = 0.05
_FEWEST_IN_STAGE = 100


class NotPromotedError(ParcoursError):
    """The gate refused; the present champion stays."""

    def __init__(self, failed: Sequence["Check"]) -> None:
        super().__init__(
            f"not promoted: {'; '.join(check.reason for check in failed)}; use --force to promote all the same"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition of the gate."""

    check: str
    passed: bool
    reason: str


def check_all(client: "MlflowClient", trained: Trained) -> list[Check]:
    """All checks, passed or not. A check that the data cannot answer passes and says so."""
    champion = find_by_alias(client, CHAMPION)
    return [*check_baseline(trained), *check_calibration(trained), *_check_champion(client, trained, champion)]


def check_baseline(trained: Trained) -> list[Check]:
    """A kind whose models lost against the baseline is answered by the baseline: it never blocks, it is said."""
    if trained.rehearsal is None:
        return [Check(check="baseline", passed=True, reason="too little history to rehearse; baselines where needed")]
    verdicts = judge(trained.rehearsal.models, trained.rehearsal.baseline)
    basis = trained.models.spec.basis
    known = "" if trained.rehearsal.is_comparable else " (season unknown then, known now: not counted)"
    return [
        Check(
            check=f"baseline {kind.lower()}",
            passed=True,
            reason=f"{verdict.sentence('MBG/NBD and Gamma-Gamma')}{known}; served by {basis[kind].lower()}",
        )
        for kind, verdict in verdicts.items()
    ]


def check_calibration(trained: Trained) -> list[Check]:
    """Mean churn against what came, for everybody and for each number of orders that has enough customers."""
    if trained.rehearsal is None or not trained.rehearsal.is_comparable:
        return [Check(check="calibration", passed=True, reason="no comparable rehearsal to read calibration from")]
    outcome = trained.rehearsal.models
    return [
        _calibrated(name, part)
        for name, part in groups_by_orders(outcome).items()
        if len(part.churn) >= _FEWEST_IN_STAGE
    ]


def _calibrated(name: str, outcome: Outcome) -> Check:
    gap = float(outcome.churn.mean() - outcome.churned.mean())
    allowed = _WORST_IN_THE_LARGE if name == "everybody" else 2 * _WORST_IN_THE_LARGE
    return Check(
        check=f"calibration {name}",
        passed=abs(gap) <= allowed,
        reason=f"churn of {name}: predicted less observed {gap:+.3f}, at most {allowed:.2f} apart is allowed",
    )


def _check_champion(client: "MlflowClient", trained: Trained, champion: RegisteredSet | None) -> list[Check]:
    if champion is None:
        return [Check(check="champion", passed=True, reason="there is no champion yet")]
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        try:
            present = load_model_set(download_set(client, champion, Path(scratch)))
        except FeatureSetMismatchError as error:
            return [Check(check="champion", passed=True, reason=f"the champion cannot serve any more: {error}")]
    return compare_with(present, trained)


def compare_with(present: ModelSet, trained: Trained) -> list[Check]:
    """The rehearsal against the champion on the same customers, if the champion had not seen what came either."""
    rehearsal, spec = trained.rehearsal, trained.models.spec
    if rehearsal is None or present.spec.horizon_days != spec.horizon_days:
        return [Check(check="champion", passed=True, reason="the champion looks over another horizon: not comparable")]
    moment = datetime.fromisoformat(spec.as_of) - timedelta(days=rehearsal.days_earlier)
    if datetime.fromisoformat(present.spec.as_of) > moment:
        return [Check(check="champion", passed=True, reason="the champion knows what came since: newer data decides")]
    verdicts = judge(rehearsal.models, outcome_of(present, _examples(trained)))
    return [
        Check(check=f"champion {kind.lower()}", passed=not verdict.is_worse, reason=verdict.sentence("the champion"))
        for kind, verdict in verdicts.items()
        if kind in PredictionKind
    ]


def _examples(trained: Trained) -> LearningSet:
    """The customers of the rehearsal, in its order."""
    days = trained.rehearsal.days_earlier if trained.rehearsal else -1
    return trained.learning.rows(trained.learning.age_days == days)
