"""A freshly trained set beside the champion: which weeks both can be judged by, and what must be seen in them.

The champion is asked about weeks that it has not seen. The new set has seen them, so what answers for it is what the
same recipe makes of the facts known when they began: its rehearsal where that began after the champion's training, else
a training as of then. Only of two sets of the same days nothing followed: there, what their rehearsals promised counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from customer.features.moment import days_later
from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine.model_set import ModelSet
from training.data.learning import examples_at
from training.data.snapshot import Snapshot
from training.evaluation.gate import Check, Verdict, judge
from training.evaluation.intervals import Measured
from training.evaluation.outcome import Outcome, outcome_of
from training.judging.backtest import Fold
from training.train import NoCustomersError, Progress, Rehearsal, Trained, train_models

_SAME_MOMENT = timedelta(days=7)
_PROMISED = {"churn_log_loss": "churn log loss", "next_pinball": "quantile loss"}
"""What two rehearsals of the same moment are compared by when their customers cannot be paired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is asked of the new set, passed or not, and the paired differences where both could be judged."""

    checks: list[Check]
    verdicts: Mapping[PredictionKind, Verdict] = field(default_factory=dict)


def compare_with(
    present: ModelSet, trained: Trained, fold: Fold | None, snapshot: Snapshot, *, progress: Progress = lambda _: None
) -> Comparison:
    """`present` is the champion, `fold` the rehearsal with intervals, `snapshot` what the new set was trained on."""
    newer_by = _as_of(trained.models) - _as_of(present)
    if newer_by < -_SAME_MOMENT:
        return _incomparable(f"this set knows {(-newer_by).days} days less than the champion, which has seen them")
    if newer_by <= _SAME_MOMENT:
        return _compare_same_days(present, trained, fold)
    days = min(newer_by.days, present.horizon_days, trained.models.horizon_days)
    rehearsal = trained.rehearsal
    if rehearsal and days == rehearsal.models.horizon_days and rehearsal.days_earlier <= newer_by.days:
        examples = trained.learning.rows(trained.learning.age_days == rehearsal.days_earlier)
        own, theirs = _served(rehearsal, trained.models), outcome_of(present, examples, horizon_days=days)
    else:
        progress("training as of an earlier day, to compare with the champion")
        try:
            own, theirs = _outcomes_since(present, trained, snapshot, days=days)
        except NoCustomersError as error:
            return _incomparable(f"the facts are others than when the champion was trained: {error}")
    verdicts = judge(own, theirs)
    return Comparison(checks=compare_outcomes(verdicts, days=days, newer_by=newer_by), verdicts=verdicts)


def compare_outcomes(verdicts: Mapping[PredictionKind, Verdict], *, days: int, newer_by: timedelta) -> list[Check]:
    """No kind may be worse outside the interval; as good is good enough, for the new set knows more besides."""
    better = [kind.lower() for kind, verdict in verdicts.items() if verdict.is_better]
    return [
        *(
            Check(
                check=f"champion {kind.lower()}", passed=not one.is_worse,
                reason=f"{kind.lower().replace('_', ' ')} in {days} days that the champion had not seen: "
                f"{one.sentence('the champion')}",
            )
            for kind, one in verdicts.items()
        ),
        Check(
            check="improvement", passed=True,
            reason=f"{_better_in(better)}; it knows {newer_by.days} days more besides, so as good is good enough",
        ),
    ]  # fmt: skip


def compare_promises(present: Mapping[str, float], found: Mapping[str, Measured]) -> Comparison:
    """Nothing may be worse outside the interval and something must be better outside it: knowing no more than the
    champion, a set as good is no reason to change what everybody is told."""
    promised = {name: words for name, words in _PROMISED.items() if name in found and name in present}
    if not promised:
        return _incomparable("this set knows the same days as the champion, and not both were rehearsed")
    better = [words for name, words in promised.items() if found[name].high < present[name]]
    checks = [
        Check(
            check=f"champion {words}",
            passed=present[name] >= found[name].low,
            reason=f"{words} rehearsed in the same weeks: {found[name].value:.4f} "
            f"({found[name].low:.4f} to {found[name].high:.4f}), the champion's {present[name]:.4f}",
        )
        for name, words in promised.items()
    ]
    reason = f"{_better_in(better)}, outside the interval; it knows the same weeks"
    return Comparison(checks=[*checks, Check(check="improvement", passed=bool(better), reason=reason)])


def _compare_same_days(present: ModelSet, trained: Trained, fold: Fold | None) -> Comparison:
    ahead, theirs = trained.models.horizon_days, present.horizon_days
    if ahead != theirs:
        return _incomparable(
            f"this set knows the same days as the champion and looks {ahead} days ahead, the champion {theirs}"
        )
    return compare_promises(present.spec.metrics, fold.measures if fold else {})


def _outcomes_since(present: ModelSet, trained: Trained, snapshot: Snapshot, *, days: int) -> tuple[Outcome, Outcome]:
    """Of the newest `days`: what this training would have answered before them, and what the champion answers."""
    end = _as_of(trained.models)
    begin = days_later(end, -days, snapshot.time_zone)
    then = train_models(
        snapshot, as_of=begin, horizon_days=trained.models.horizon_days, recipe=trained.recipe,
        seed=trained.models.spec.seed,
    )  # fmt: skip
    examples = examples_at(snapshot, begin, (0, days), end)
    return outcome_of(then.models, examples, horizon_days=days), outcome_of(present, examples, horizon_days=days)


def _served(rehearsal: Rehearsal, models: ModelSet) -> Outcome:
    """The rehearsal as the set answers: with the baseline's figures where the baseline does."""
    if models.basis(PredictionKind.NEXT_PURCHASE) is PredictionBasis.BASELINE:
        return rehearsal.baseline
    if models.basis(PredictionKind.VALUE) is PredictionBasis.BASELINE:
        return replace(rehearsal.models, value=rehearsal.baseline.value)
    return rehearsal.models


def _incomparable(why: str) -> Comparison:
    reason = f"nothing tells whether it is better: {why}"
    return Comparison(checks=[Check(check="champion", passed=False, reason=reason)])


def _better_in(kinds: Sequence[str]) -> str:
    return f"better than the champion in {', '.join(kinds).replace('_', ' ') or 'nothing'}"


def _as_of(models: ModelSet) -> datetime:
    """By the brand's clock, on which the difference of two midnights is whole days, summer time or not."""
    return datetime.fromisoformat(models.spec.as_of).astimezone(ZoneInfo(models.spec.time_zone))
