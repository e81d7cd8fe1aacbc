"""Looks for a better recipe within a budget of seconds, on folds that end before anything it will be judged by."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from customer.vocabulary import PredictionKind
from training.evaluation.gate import Verdict, judge
from training.recipe import PACE, Recipe
from training.train import InnerFold, Rehearsal

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

SHRUNK = 3
"""Trials take one cutoff, and one row, in so many, and half the trees; what they find is confirmed at full size."""
_CONFIRMING = 7
"""What two folds at full size take, in folds of trials."""
_FEWEST_TRIALS, _MOST_TRIALS = 3, 40


@dataclass(slots=True, kw_only=True)
class Tuner:
    """Tries recipes until the seconds are used up; call it as `tune` of `train_models`.

    A recipe replaces the given one only when it was better for some kind of prediction on every fold, outside the 95 %
    interval of paired differences on one fold's customers, and worse for no kind on the average of the folds, and when
    the newest fold confirms at full size that it is not worse: a tuned recipe is never a guess.
    """

    seconds: float
    seed: int
    progress: Callable[[str], None] = lambda _: None
    study: "Study | None" = None
    outcome: str = "not tuned"
    chosen: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, recipe: Recipe, folds: Sequence[InnerFold]) -> Recipe:
        if self.seconds <= 0:
            return recipe
        began = time.monotonic()
        self.progress("tuning: the given recipe")
        small = _small(recipe)
        reference = [found for fold in folds if (found := fold(small)) is not None]
        per_trial = time.monotonic() - began
        if not reference or len(reference) < len(folds):
            self.outcome = "not tuned: too little history before the rehearsal"
            return recipe
        confirming = _CONFIRMING * per_trial / len(folds)
        until = began + self.seconds - confirming
        if time.monotonic() + _FEWEST_TRIALS * per_trial > until:
            needed = (1 + _FEWEST_TRIALS) * per_trial + confirming
            self.outcome = f"not tuned: {self.seconds:.0f} s are too few here, about {needed:.0f} s would do"
            return recipe
        search = _Search(recipe=small, folds=folds, reference=reference, per_trial_s=per_trial)
        self.study = self._run(search, until=until)
        return self._confirmed(recipe, folds[0], search)

    def _run(self, search: "_Search", *, until: float) -> "Study":
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="minimize", sampler=optuna.samplers.TPESampler(seed=self.seed, n_startup_trials=5),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=0),
        )  # fmt: skip

        def report(study: "Study", trial: "FrozenTrial") -> None:
            left = until - time.monotonic()
            used = self.seconds - max(left, 0.0)
            self.progress(f"tuning: {used:.0f} of {self.seconds:.0f} s, {trial.number + 1} recipes tried")
            if left < search.per_trial_s:  # another one would not end in time
                study.stop()

        for first in _FIRST:
            study.enqueue_trial(first)
        study.optimize(search, n_trials=_MOST_TRIALS, timeout=max(until - time.monotonic(), 0.0), callbacks=[report])
        return study

    def _confirmed(self, recipe: Recipe, newest: InnerFold, search: "_Search") -> Recipe:
        tried = f"{len(search.tried)} recipes tried to the end"
        promising = [one for one in search.tried if one.is_better]
        if not promising:
            self.outcome = f"{tried}, none better outside the interval: the given recipe stays"
            return recipe
        best = min(promising, key=lambda one: one.loss)
        self.progress("tuning: the best recipe at full size")
        tuned = replace(recipe, overrides={**recipe.overrides, **best.overrides})
        given, found = newest(recipe), newest(tuned)
        if given is None or found is None or any(one.is_worse or one.difference > 0 for one in _against(found, given)):
            self.outcome = f"{tried}; at full size the best was not better for all: the given recipe stays"
            return recipe
        self.chosen = best.overrides
        self.outcome = f"{tried}; the best was confirmed at full size and is used"
        return tuned


def _small(recipe: Recipe) -> Recipe:
    return replace(
        recipe, spine_rows=recipe.spine_rows // SHRUNK, hazard_rows=recipe.hazard_rows // SHRUNK,
        value_rows=recipe.value_rows // SHRUNK, hazard_trees=recipe.hazard_trees // 2,
        value_trees=recipe.value_trees // 2,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    overrides: dict[str, float]
    verdicts: Sequence[Verdict]

    @property
    def loss(self) -> float:
        return _relative(self.verdicts)

    @property
    def is_better(self) -> bool:
        kinds = [[one for one in self.verdicts if one.measure == name] for name in {x.measure for x in self.verdicts}]
        better = any(all(one.difference < 0 for one in kind) and any(one.is_better for one in kind) for kind in kinds)
        return better and all(_relative(kind) <= 0 for kind in kinds)


class _Search:
    """Optuna's objective: the loss relative to the given recipe's, as the mean over folds and kinds of prediction."""

    def __init__(
        self, *, recipe: Recipe, folds: Sequence[InnerFold], reference: Sequence[Rehearsal], per_trial_s: float
    ) -> None:
        self._recipe = recipe
        self._folds = list(zip(folds, reference, strict=True))
        self.per_trial_s = per_trial_s
        self.tried: list[_Tried] = []

    def __call__(self, trial: "Trial") -> float:
        import optuna

        overrides = suggested(trial)
        recipe = replace(self._recipe, overrides={**self._recipe.overrides, **overrides})
        verdicts: list[Verdict] = []
        for step, (fold, reference) in enumerate(self._folds, start=1):
            found = fold(recipe)
            if found is None:
                raise optuna.TrialPruned
            verdicts += _against(found, reference)
            trial.report(_relative(verdicts), step)
            if step < len(self._folds) and trial.should_prune():
                raise optuna.TrialPruned
        self.tried.append(_Tried(overrides=overrides, verdicts=verdicts))
        return self.tried[-1].loss


def suggested(trial: "Trial") -> dict[str, float]:
    """The few parameters that matter, for all models alike."""
    return {
        PACE: trial.suggest_float(PACE, 0.5, 2.0, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 7, 31, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 50, 800, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 0.8),
        "lambda_l2": trial.suggest_float("lambda_l2", 2.0, 60.0, log=True),
    }


_FIRST = (
    {PACE: 1.0, "num_leaves": 7, "min_data_in_leaf": 200, "feature_fraction": 0.4, "lambda_l2": 10.0},
    {PACE: 1.0, "num_leaves": 31, "min_data_in_leaf": 200, "feature_fraction": 0.4, "lambda_l2": 10.0},
    {PACE: 1.5, "num_leaves": 15, "min_data_in_leaf": 200, "feature_fraction": 0.4, "lambda_l2": 10.0},
)
"""Tried before the sampler has anything to go by: simpler, richer, further."""


def _against(found: Rehearsal, reference: Rehearsal) -> list[Verdict]:
    verdicts = judge(found.models, reference.models)
    return [verdicts[kind] for kind in PredictionKind if kind in verdicts]


def _relative(verdicts: Sequence[Verdict]) -> float:
    return sum(one.difference / max(one.reference, 1e-9) for one in verdicts) / len(verdicts)
