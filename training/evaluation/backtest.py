"""Rolling backtest: train at several past moments, judge each by what came next, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from customer.features.definitions import FEATURE_BY_NAME
from scoring.engine.model_set import ModelSet
from training.data.learning import examples_at
from training.data.snapshot import Snapshot
from training.evaluation.outcome import Outcome, baseline_outcome, groups_by_orders, measure, outcome_of
from training.recipe import Recipe
from training.train import Progress, train_models

_ROUNDS = 100
_FEWEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure with its 95 % bootstrap interval over customers."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One moment: what the models of then said, and what the baseline would have."""

    as_of: datetime
    models: ModelSet
    outcome: Outcome
    baseline: Outcome
    measures: Mapping[str, Measured]
    baseline_measures: Mapping[str, float]
    groups: Mapping[str, Mapping[str, float]]


def backtest(
    snapshot: Snapshot, *, until: datetime, horizon_days: int | None, folds: int, recipe: Recipe, seed: int,
    progress: Progress,
) -> list[Fold]:  # fmt: skip
    """The newest fold first. Fold k is trained k horizons before `until`, on what was known then."""
    found: list[Fold] = []
    horizon = horizon_days
    for number in range(1, folds + 1):
        as_of = until - timedelta(days=number * (horizon or _assumed(snapshot, until)))
        progress(f"fold {number} of {folds}: as of {as_of:%Y-%m-%d}")
        trained = train_models(snapshot, as_of=as_of, horizon_days=horizon, recipe=recipe, seed=seed)
        horizon = trained.models.horizon_days
        found.append(judge_at(snapshot, trained.models, as_of=as_of, observed_until=until, seed=seed))
    return found


def judge_at(snapshot: Snapshot, models: ModelSet, *, as_of: datetime, observed_until: datetime, seed: int = 0) -> Fold:
    """One model set against what followed `as_of`; a horizon must have passed since."""
    edges = tuple(int(edge) for edge in models.spec.value.edges) if models.spec.value else (0, models.horizon_days)
    examples = examples_at(snapshot, as_of, edges, observed_until)
    outcome, baseline = outcome_of(models, examples), baseline_outcome(models, examples)
    return Fold(
        as_of=as_of, models=models, outcome=outcome, baseline=baseline, measures=with_intervals(outcome, seed=seed),
        baseline_measures=measure(baseline),
        groups={name: measure(part) for name, part in _groups(outcome).items() if len(part.churn) >= _FEWEST},
    )  # fmt: skip


def with_intervals(outcome: Outcome, *, seed: int, rounds: int = _ROUNDS) -> dict[str, Measured]:
    """Every measure, and the middle 95 % of it over resampled customers."""
    rng = np.random.default_rng(seed)
    size = len(outcome.churn)
    draws: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, value in measure(outcome.rows(rng.integers(0, size, size))).items():
            draws.setdefault(name, []).append(value)
    return {
        name: Measured(value=value, low=_quantile(draws.get(name, [value]), 0.025),
                       high=_quantile(draws.get(name, [value]), 0.975))
        for name, value in measure(outcome).items()
    }  # fmt: skip


def _groups(outcome: Outcome) -> dict[str, Outcome]:
    """By number of orders, and by the channel of the last order."""
    found = {f"stage: {name}": part for name, part in groups_by_orders(outcome).items() if name != "everybody"}
    channels: Sequence[str] = FEATURE_BY_NAME["last_order_channel"].vocabulary
    last = outcome.feature("last_order_channel")
    for code, channel in enumerate(channels):
        found[f"last channel: {channel.lower()}"] = outcome.rows(last == code)
    return found


def _assumed(snapshot: Snapshot, until: datetime) -> int:
    """The default horizon at `until`, before any fold has been trained."""
    from training.data.examples import feature_frame
    from training.data.schedule import default_horizon
    from training.data.spine import build_spine

    present = feature_frame(snapshot, build_spine(snapshot, [until]))
    history = int(np.nanmax(present.column("days_since_first_order")))
    return default_horizon(present.column("p90_gap_days"), present.column("repeat_count"), history)


def _quantile(values: Sequence[float], level: float) -> float:
    return float(np.quantile(np.asarray(values), level))
