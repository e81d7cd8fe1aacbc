"""The promotion gate: whether a freshly trained set may take the champion's place, with every reason said."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from customer.errors import FeatureSetMismatchError, ParcoursError
from customer.vocabulary import PredictionKind
from scoring.engine.model_set import load_model_set
from scoring.engine.spec import UnusableModelSetError
from scoring.errors import ModelSetRefusedError
from training.basis import basis_reasons
from training.data.snapshot import Snapshot
from training.evaluation.gate import Check, Verdict, judge
from training.evaluation.outcome import Outcome
from training.evaluation.stages import stage_masks
from training.judging.backtest import Fold
from training.registry.beside_champion import Comparison, compare_with
from training.registry.model_registry import CHAMPION, RegisteredSet, download_set, find_by_alias
from training.train import Progress, Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_WORST_IN_THE_LARGE = 0.05
_FEWEST_IN_STAGE = 100


class NotPromotedError(ParcoursError):
    """The gate refused; the present champion stays."""

    def __init__(self, failed: Sequence[Check]) -> None:
        super().__init__(
            f"not promoted: {'; '.join(check.reason for check in failed)}; use --force to promote all the same"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that the gate asked, and where `champion` could be judged beside the new set, by how much it differs."""

    checks: list[Check]
    champion: str | None = None
    beside_champion: Mapping[PredictionKind, Verdict] = field(default_factory=dict)


def judge_all(
    client: "MlflowClient", trained: Trained, fold: Fold | None, snapshot: Snapshot, *, progress: Progress
) -> Judgement:
    """All checks, passed or not; `fold` is the rehearsal with intervals, `snapshot` what was trained on. A check of the
    set by itself that the data cannot answer passes and says so; one against the champion does not."""
    rehearsal = trained.rehearsal
    if rehearsal is None or not rehearsal.is_comparable:
        reason = "no comparable rehearsal to read calibration from"
        rehearsed = [Check(check="calibration", passed=True, reason=reason)]
    else:
        is_served = trained.models.spec.basis[PredictionKind.CHURN] == "MODEL"
        rehearsed = check_rehearsal(rehearsal.models, rehearsal.baseline, is_served=is_served)
    champion = find_by_alias(client, CHAMPION)
    found = _beside_champion(client, trained, fold, snapshot, champion, progress)
    return Judgement(
        checks=[*check_baseline(trained), *rehearsed, *found.checks],
        champion=champion.model_set if champion and found.verdicts else None, beside_champion=found.verdicts,
    )  # fmt: skip


def check_baseline(trained: Trained) -> list[Check]:
    """A kind whose models lost against the baseline is answered by the baseline: it never blocks, it is said."""
    basis = trained.models.spec.basis
    return [
        Check(check=f"baseline {kind.lower()}", passed=True, reason=f"{reason}; served by {basis[kind].lower()}")
        for kind, reason in basis_reasons(trained).items()
    ]


def check_rehearsal(models: Outcome, baseline: Outcome, *, is_served: bool) -> list[Check]:
    """Mean churn of everybody against what came; and fairness: nobody's stage may be far off in the mean, or predicted
    worse than the baseline would, if it is the models that answer."""
    found = [_calibrated("everybody", models, allowed=_WORST_IN_THE_LARGE)]
    for stage, mask in stage_masks(models).items():
        if mask.sum() >= _FEWEST_IN_STAGE:
            part, name = models.rows(mask), stage.lower()
            verdict = judge(part, baseline.rows(mask))[PredictionKind.CHURN]
            reason = f"churn of {name}: {verdict.sentence('the baseline')}"
            found += [
                _calibrated(name, part, allowed=2 * _WORST_IN_THE_LARGE),
                Check(check=f"fair {name}", passed=not (verdict.is_worse and is_served), reason=reason),
            ]
    return found


def _calibrated(name: str, outcome: Outcome, *, allowed: float) -> Check:
    gap = float(outcome.churn.mean() - outcome.churned.mean())
    return Check(
        check=f"calibration {name}",
        passed=abs(gap) <= allowed,
        reason=f"churn of {name}: predicted less observed {gap:+.3f}, at most {allowed:.2f} apart is allowed",
    )


def _beside_champion(
    client: "MlflowClient", trained: Trained, fold: Fold | None, snapshot: Snapshot, champion: RegisteredSet | None,
    progress: Progress,
) -> Comparison:  # fmt: skip
    if champion is None:
        return _said("there is no champion yet")
    if champion.model_set == trained.models.spec.id:
        return _said("it is the champion: the same data, code and seed")
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        try:
            present = load_model_set(download_set(client, champion, Path(scratch)))
        except (FeatureSetMismatchError, UnusableModelSetError) as error:
            problem = error.problem if isinstance(error, UnusableModelSetError) else str(error)
            return _said(f"the champion cannot serve any more: {problem}")
        except ModelSetRefusedError as error:  # it may well serve elsewhere
            return _said(f"the champion cannot be asked here: {error}", passed=False)
        return compare_with(present, trained, fold, snapshot, progress=progress)


def _said(reason: str, *, passed: bool = True) -> Comparison:
    return Comparison(checks=[Check(check="champion", passed=passed, reason=reason)])
