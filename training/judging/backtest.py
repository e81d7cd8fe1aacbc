"""Rolling backtest: train at several past moments, judge each by what came next, with bootstrap intervals."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from customer.features.moment import days_later
from customer.vocabulary import PredictionKind
from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet
from training.data.learning import examples_at
from training.data.snapshot import Snapshot
from training.evaluation.intervals import Measured, with_intervals
from training.evaluation.outcome import Outcome, baseline_outcome, outcome_of
from training.evaluation.stages import group_masks
from training.evaluation.survival import baseline_silence, daily_grid, integrated_brier_losses, silence_of
from training.judging.held_out import split_customers
from training.recipe import Recipe
from training.train import Progress, Trained, train_models

FEWEST = 50
"""Smaller groups are not judged: their figures would be noise."""
INTEGRATED_BRIER = "next_integrated_brier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One moment, on the brand's clock: what the models of then said, and what the baseline would have.

    `is_held_out`: of customers none of whose facts the models had learned from.
    """

    as_of: datetime
    is_held_out: bool
    models: ModelSet
    outcome: Outcome
    baseline: Outcome
    measures: Mapping[str, Measured]
    baseline_measures: Mapping[str, Measured]
    groups: Mapping[str, Mapping[str, Measured]]

    @property
    def title(self) -> str:
        seen = "customers never seen in training" if self.is_held_out else "all customers"
        return f"As of {self.as_of:%Y-%m-%d}, {self.models.horizon_days} days ahead, {seen}"

    @property
    def answered_by(self) -> Mapping[str, str]:
        """Who gave what is judged, by kind: where models had lost their own rehearsal, it was the baseline."""
        shown = (PredictionKind.CHURN, PredictionKind.NEXT_PURCHASE, PredictionKind.VALUE)
        return {
            str(kind): str(self.models.basis(kind)) for kind in shown if str(kind) not in self.models.spec.unavailable
        }

    def facts(self) -> dict[str, Any]:
        """For programs: every measure with its interval, within groups too."""
        return {
            "as_of": self.as_of.isoformat(), "model_set": self.models.spec.id,
            "horizon_days": self.models.horizon_days, "is_held_out": self.is_held_out, "basis": self.answered_by,
            "metrics": _plain(self.measures), "baseline": _plain(self.baseline_measures),
            "groups": {name: _plain(measures) for name, measures in self.groups.items()},
        }  # fmt: skip


def backtest(
    snapshot: Snapshot, *, until: datetime, horizon_days: int | None, folds: int, recipe: Recipe, seed: int,
    progress: Progress, held_out: bool = False,
) -> list[Fold]:  # fmt: skip
    """The newest fold first. Fold k is trained k horizons before `until`, on what was known then.

    `held_out` adds a fold at the newest moment that is out of customer, too: trained on four in five, judged by the
    fifth.
    """
    found: list[Fold] = []
    horizon = horizon_days
    for number in range(1, folds + 1):
        as_of = days_later(until, -number * (horizon or _assumed(snapshot, until)), snapshot.time_zone)
        progress(f"fold {number} of {folds}: as of {as_of:%Y-%m-%d}")
        trained = train_models(snapshot, as_of=as_of, horizon_days=horizon, recipe=recipe, seed=seed)
        horizon = trained.models.horizon_days
        found.append(judge_at(snapshot, trained.models, as_of=as_of, observed_until=until, seed=seed))
    if held_out and found:
        newest = found[0]
        progress(f"out of customer: as of {newest.as_of:%Y-%m-%d}")
        found.insert(1, _held_out_fold(snapshot, newest, until=until, recipe=recipe, seed=seed))
    return found


def judge_at(
    snapshot: Snapshot, models: ModelSet, *, as_of: datetime, observed_until: datetime, seed: int = 0,
    is_held_out: bool = False,
) -> Fold:  # fmt: skip
    """One model set against what followed `as_of`; a horizon must have passed since."""
    edges = tuple(int(edge) for edge in models.spec.value.edges) if models.spec.value else (0, models.horizon_days)
    examples = examples_at(snapshot, as_of, edges, observed_until)
    return fold_of(
        models, outcome_of(models, examples), baseline_outcome(models, examples), as_of=as_of, seed=seed,
        is_held_out=is_held_out,
    )  # fmt: skip


def fold_of(
    models: ModelSet, outcome: Outcome, baseline: Outcome, *, as_of: datetime, seed: int = 0, is_held_out: bool = False
) -> Fold:
    """All measures, with intervals, of predictions that `models` made of the customers of `outcome`."""
    days = daily_grid(outcome.horizon_days)
    losses, baseline_losses = (
        integrated_brier_losses(silent, outcome.wait_days, days)
        for silent in (silence_of(models, outcome.matrix, days), baseline_silence(models, outcome.matrix, days))
    )

    def judged(found: Outcome, losses: Floats) -> Mapping[str, Measured]:
        return with_intervals(found, seed=seed, losses={INTEGRATED_BRIER: losses})

    return Fold(
        as_of=as_of.astimezone(ZoneInfo(models.spec.time_zone)), is_held_out=is_held_out, models=models,
        outcome=outcome, baseline=baseline,
        measures=judged(outcome, losses), baseline_measures=judged(baseline, baseline_losses),
        groups={
            name: judged(outcome.rows(mask), losses[mask])
            for name, mask in group_masks(outcome, fewest=FEWEST).items()
        },
    )  # fmt: skip


def judged_rehearsal(trained: Trained) -> Fold | None:
    """The rehearsal of a training with every measure and its interval; None when there was none."""
    rehearsal = trained.rehearsal
    if rehearsal is None:
        return None
    spec = trained.models.spec
    moment = days_later(datetime.fromisoformat(spec.as_of), -rehearsal.days_earlier, spec.time_zone)
    return fold_of(rehearsal.fitted, rehearsal.models, rehearsal.baseline, as_of=moment, seed=spec.seed)


def _plain(measures: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    return {name: asdict(one) for name, one in measures.items()}


def _held_out_fold(snapshot: Snapshot, newest: Fold, *, until: datetime, recipe: Recipe, seed: int) -> Fold:
    horizon = newest.models.horizon_days
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        split = split_customers(snapshot, Path(scratch))
        trained = train_models(split.learning, as_of=newest.as_of, horizon_days=horizon, recipe=recipe, seed=seed)
        return judge_at(
            split.held_out, trained.models, as_of=newest.as_of, observed_until=until, seed=seed, is_held_out=True
        )


def _assumed(snapshot: Snapshot, until: datetime) -> int:
    """The default horizon at `until`, before any fold has been trained."""
    from training.data.examples import feature_frame
    from training.data.schedule import default_horizon
    from training.data.spine import build_spine

    present = feature_frame(snapshot, build_spine(snapshot, [until]))
    days: Floats = present.column("days_since_first_order")
    return default_horizon(present.column("p90_gap_days"), present.column("repeat_count"), int(np.nanmax(days)))
