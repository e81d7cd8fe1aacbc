"""The promotion gate: whether a freshly trained set may take the champion's place, with every reason said."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from customer.errors import FeatureSetMismatchError, ParcoursError
from customer.vocabulary import PredictionKind
from scoring.engine.model_set import ModelSet, load_model_set
from scoring.engine.spec import UnusableModelSetError
from scoring.errors import ModelSetRefusedError
from training.basis import basis_reasons
from training.data.learning import LearningSet
from training.evaluation.backtest import Fold
from training.evaluation.gate import Check, Verdict, judge
from training.evaluation.intervals import Measured
from training.evaluation.outcome import Outcome, outcome_of
from training.evaluation.stages import stage_masks
from training.registry.model_registry import CHAMPION, RegisteredSet, download_set, find_by_alias
from training.train import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_WORST_IN_THE_LARGE = 0.05
_FEWEST_IN_STAGE = 100
_SAME_MOMENT = timedelta(days=7)
_PROMISED = {"churn_log_loss": "churn log loss", "next_pinball": "quantile loss"}
"""What two rehearsals of the same moment are compared by when their customers cannot be paired."""


class NotPromotedError(ParcoursError):
    """The gate refused; the present champion stays."""

    def __init__(self, failed: Sequence[Check]) -> None:
        super().__init__(
            f"not promoted: {'; '.join(check.reason for check in failed)}; use --force to promote all the same"
        )


def check_all(client: "MlflowClient", trained: Trained, fold: Fold | None) -> list[Check]:
    """All checks, passed or not; `fold` is the rehearsal with intervals. A check that the data cannot answer passes
    and says so."""
    champion = find_by_alias(client, CHAMPION)
    rehearsal = trained.rehearsal
    if rehearsal is None or not rehearsal.is_comparable:
        reason = "no comparable rehearsal to read calibration from"
        rehearsed = [Check(check="calibration", passed=True, reason=reason)]
    else:
        is_served = trained.models.spec.basis[PredictionKind.CHURN] == "MODEL"
        rehearsed = check_rehearsal(rehearsal.models, rehearsal.baseline, is_served=is_served)
    return [*check_baseline(trained), *rehearsed, *_check_champion(client, trained, fold, champion)]


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


def _check_champion(
    client: "MlflowClient", trained: Trained, fold: Fold | None, champion: RegisteredSet | None
) -> list[Check]:
    if champion is None:
        return [Check(check="champion", passed=True, reason="there is no champion yet")]
    if champion.model_set == trained.models.spec.id:
        return [Check(check="champion", passed=True, reason="it is the champion: the same data, code and seed")]
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        try:
            present = load_model_set(download_set(client, champion, Path(scratch)))
        except (FeatureSetMismatchError, UnusableModelSetError) as error:
            problem = error.problem if isinstance(error, UnusableModelSetError) else str(error)
            return [Check(check="champion", passed=True, reason=f"the champion cannot serve any more: {problem}")]
        except ModelSetRefusedError as error:  # it may well serve elsewhere
            return [Check(check="champion", passed=False, reason=f"the champion cannot be asked here: {error}")]
    return compare_with(present, trained, fold)


def compare_with(present: ModelSet, trained: Trained, fold: Fold | None) -> list[Check]:
    """The rehearsal against the champion on the same customers, if the champion had not seen what came either."""
    rehearsal, spec = trained.rehearsal, trained.models.spec
    if rehearsal is None or fold is None:
        return [Check(check="champion", passed=True, reason="no rehearsal to compare with the champion by")]
    if present.spec.horizon_days != spec.horizon_days:
        return [Check(check="champion", passed=True, reason="the champion looks over another horizon: not comparable")]
    moment, trained_at = fold.as_of, datetime.fromisoformat(present.spec.as_of)
    if trained_at > moment:
        newer_by = datetime.fromisoformat(spec.as_of) - trained_at
        return compare_promises(present.spec.metrics, fold.measures, newer_by=newer_by)
    verdicts = judge(rehearsal.models, outcome_of(present, _examples(trained)))
    age = datetime.fromisoformat(spec.as_of) - trained_at
    return compare_outcomes(verdicts, age=age, horizon=timedelta(days=spec.horizon_days))


def compare_outcomes(verdicts: Mapping[PredictionKind, Verdict], *, age: timedelta, horizon: timedelta) -> list[Check]:
    """No kind may be worse outside the interval. Some kind must be better, unless the champion has become old: a set
    that is as good and knows a whole horizon more is the better choice."""
    better = [kind.lower() for kind, verdict in verdicts.items() if verdict.is_better]
    reason = f"{_better_in(better)}; it knows {age.days} days more, and from {horizon.days} on as good is good enough"
    return [
        *(
            Check(check=f"champion {kind.lower()}", passed=not one.is_worse, reason=one.sentence("the champion"))
            for kind, one in verdicts.items()
        ),
        Check(check="improvement", passed=bool(better) or age >= horizon, reason=reason),
    ]


def compare_promises(
    present: Mapping[str, float], found: Mapping[str, Measured], *, newer_by: timedelta
) -> list[Check]:
    """The champion knows what came since the rehearsal: what both had promised is compared, if of the same weeks.

    Nothing may be worse outside the interval and something must be better outside it: knowing no more than the
    champion, a set as good is no reason to change what everybody is told.
    """
    if abs(newer_by) > _SAME_MOMENT:
        more = f"{newer_by.days} days more" if newer_by > timedelta() else f"{-newer_by.days} days less"
        reason = f"the champion knows what came since the rehearsal: not comparable, and this set knows {more} of data"
        return [Check(check="champion", passed=newer_by > timedelta(), reason=reason)]
    promised = {name: words for name, words in _PROMISED.items() if name in found and name in present}
    if not promised:
        return []
    better = [words for name, words in promised.items() if found[name].high < present[name]]
    return [
        *(
            Check(
                check=f"champion {words}",
                passed=present[name] >= found[name].low,
                reason=f"{words} rehearsed in the same weeks: {found[name].value:.4f} "
                f"({found[name].low:.4f} to {found[name].high:.4f}), the champion's {present[name]:.4f}",
            )
            for name, words in promised.items()
        ),
        Check(
            check="improvement",
            passed=bool(better),
            reason=f"{_better_in(better)}, outside the interval; it knows the same weeks",
        ),
    ]


def _better_in(kinds: Sequence[str]) -> str:
    return f"better than the champion in {', '.join(kinds) or 'nothing'}"


def _examples(trained: Trained) -> LearningSet:
    """The customers of the rehearsal, in its order."""
    days = trained.rehearsal.days_earlier if trained.rehearsal else -1
    return trained.learning.rows(trained.learning.age_days == days)
