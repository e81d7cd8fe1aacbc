"""Looks for a better recipe within a budget of seconds, on folds that end before anything it will be judged by."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from customer.vocabulary import PredictionKind
from training.evaluation.gate import Verdict, judge
from training.recipe import Recipe
from training.train import InnerFold, Rehearsal

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

SHRUNK = 4
"""Trials take one row in so many; what they find is confirmed at full size before it is used."""
_FEWEST_TRIALS = 3


@dataclass(slots=True, kw_only=True)
class Tuner:
    """Tries recipes until the seconds are used up; call it as `tune` of `train_models`.

    A recipe replaces the given one only when it was better for some kind of prediction, outside the 95 % interval of
    paired differences on the folds' customers, and worse for none, and when the newest fold confirms at full size that
    it is not worse: a tuned recipe is never a guess.
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
        given = folds[0](recipe)
        confirming = time.monotonic() - began - per_trial
        until = began + self.seconds - confirming
        if given is None or time.monotonic() + _FEWEST_TRIALS * per_trial > until:
            needed = (1 + _FEWEST_TRIALS) * per_trial + 2 * confirming
            self.outcome = f"not tuned: {self.seconds:.0f} s are too few here, about {needed:.0f} s would do"
            return recipe
        search = _Search(recipe=small, folds=folds, reference=reference, per_trial_s=per_trial)
        self.study = self._run(search, until=until)
        return self._confirmed(recipe, folds[0], given, search)

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

        study.optimize(search, timeout=max(until - time.monotonic(), 0.0), callbacks=[report])
        return study

    def _confirmed(self, recipe: Recipe, newest: InnerFold, given: Rehearsal, search: "_Search") -> Recipe:
        tried = f"{len(search.tried)} recipes tried to the end"
        promising = [one for one in search.tried if one.is_better]
        if not promising:
            self.outcome = f"{tried}, none better outside the interval: the given recipe stays"
            return recipe
        best = min(promising, key=lambda one: one.loss)
        self.progress("tuning: the best recipe at full size")
        tuned = replace(recipe, overrides={**recipe.overrides, **best.overrides})
        found = newest(tuned)
        if found is None or any(one.is_worse or one.difference > 0 for one in _against(found, given)):
            self.outcome = f"{tried}; at full size the best was not better for all: the given recipe stays"
            return recipe
        self.chosen = best.overrides
        self.outcome = f"{tried}; the best was confirmed at full size and is used"
        return tuned


def _small(recipe: Recipe) -> Recipe:
    return replace(
        recipe, spine_rows=recipe.spine_rows // SHRUNK, hazard_rows=recipe.hazard_rows // SHRUNK,
        value_rows=recipe.value_rows // SHRUNK,
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
        return any(one.is_better for one in self.verdicts) and not any(one.is_worse for one in self.verdicts)


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
    """The part of LightGBM's parameters that is searched, for all models alike."""
    return {
        "num_leaves": trial.suggest_int("num_leaves", 6, 48, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 40, 800, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 0.8),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 0.9),
        "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 60.0, log=True),
    }


def _against(found: Rehearsal, reference: Rehearsal) -> list[Verdict]:
    verdicts = judge(found.models, reference.models)
    return [verdicts[kind] for kind in PredictionKind if kind in verdicts]


def _relative(verdicts: Sequence[Verdict]) -> float:
    return sum(one.difference / max(one.reference, 1e-9) for one in verdicts) / len(verdicts)
