"""Trains a model set from a snapshot: schedule, learning set, a rehearsal on the past, the final fit, the files."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from lightgbm import Booster

from customer.errors import ParcoursError
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from customer.features.moment import days_later
from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine.blend import Opinions
from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet
from scoring.engine.spec import ModelSetSpec, ValueCalibration, write_spec
from scoring.reproduction import record_reproduction
from training.blending import Say, fit_blend, learn_say
from training.code_version import code_version
from training.data.examples import FeatureFrame, feature_frame
from training.data.learning import LearningSet, build_learning_set
from training.data.schedule import YEAR_DAYS, Schedule, default_horizon, knows_season, plan_schedule
from training.data.snapshot import Snapshot
from training.data.spine import build_spine
from training.evaluation.gate import MODEL_OF_KIND, basis_of, judge
from training.evaluation.outcome import Outcome, baseline_outcome, measure, outcome_of
from training.level import formulas_know, level_say
from training.loyalty import Loyalty, fit_loyalty
from training.models.boosting import COLUMNS
from training.models.model_fit import Fit, fit_models, too_little
from training.models.spread import assumed_spread, observe_spread, widened, widened_as_usual
from training.newcomers import moved, newcomers, set_apart
from training.recipe import Recipe

CHURN_DEFINITION = "NO_PURCHASE"
NO_AMOUNTS = ("NO_AMOUNTS", "the orders carry no amounts; import amounts to get a value")
BAND_EDGES = [0.35, 0.65]
_INNER_FOLDS = 2
Progress = Callable[[str], None]


class NoCustomersError(ParcoursError):
    """Nobody had a valid order before as_of."""

    def __init__(self, as_of: datetime) -> None:
        super().__init__(
            f"no customer has a valid order before {as_of:%Y-%m-%d}, so there is nothing to learn from; "
            "choose a later --as-of"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The models fitted on what was known one horizon earlier, judged by what came since."""

    days_earlier: int
    fitted: ModelSet
    models: Outcome
    baseline: Outcome
    say: Say
    is_comparable: bool  # the models of then knew as much of the season as those of now do


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model set in memory, and how it did in its rehearsal (None: too little history to hold one)."""

    models: ModelSet
    recipe: Recipe
    rehearsal: Rehearsal | None
    present: FeatureFrame
    learning: LearningSet


InnerFold = Callable[[Recipe], Rehearsal | None]
"""Fits by a recipe what was known some time before the rehearsal, and judges it by what was known at the rehearsal."""
Tune = Callable[[Recipe, Sequence[InnerFold]], Recipe]


def train_models(
    snapshot: Snapshot, *, as_of: datetime, horizon_days: int | None, recipe: Recipe, seed: int,
    progress: Progress = lambda _: None, tune: Tune | None = None,
) -> Trained:  # fmt: skip
    """Uses only facts known before as_of; the snapshot must reach that far. Errors: NoCustomersError.

    `tune` may give a better recipe, found on folds that end before the rehearsal, which so stays out of time.
    """
    progress("features of today")
    present = feature_frame(snapshot, build_spine(snapshot, [as_of]), engine=recipe.engine)
    present = present.rows(present.column("order_count") > 0)
    if not len(present.values):
        raise NoCustomersError(as_of)
    history_days = int(np.nanmax(present.column("days_since_first_order")))
    horizon = horizon_days or default_horizon(
        present.column("p90_gap_days"), present.column("repeat_count"), history_days
    )
    schedule = plan_schedule(
        horizon_days=horizon, history_days=history_days, customers=len(present.values),
        waits=present.column("last_gap_days"), spine_rows=recipe.spine_rows,
    )  # fmt: skip
    progress("features and labels of the past")
    learning = build_learning_set(snapshot, as_of, schedule, engine=recipe.engine)
    earlier = next((days for days in schedule.cutoffs if days >= horizon), None)
    if tune is not None and earlier is not None:
        recipe = tune(recipe, _inner_folds(learning, schedule, earlier, history_days, given=recipe, seed=seed,
                                           snapshot=snapshot, as_of=as_of))  # fmt: skip
    progress("rehearsal on the past")
    rehearsal = None
    if earlier is not None and history_days - earlier >= YEAR_DAYS / 4:
        known = replace(schedule, knows_season=knows_season(history_days - earlier))
        rehearsal = _rehearse(learning, known, days_earlier=earlier, recipe=recipe, seed=seed, snapshot=snapshot,
                              as_of=as_of, knows_season_now=schedule.knows_season)  # fmt: skip
    progress("final fit")
    fit = fit_models(learning, present.values, schedule, recipe, seed)
    spread = assumed_spread(schedule.value_edges, fit.value_unit_minor)
    loyalty = fit_loyalty(fit.bench, step_days=min(schedule.cutoffs)) if schedule.cutoffs else None
    models = _model_set(fit, spread, rehearsal, loyalty, seed=seed, snapshot=snapshot, as_of=as_of,
                        horizon_days=horizon)  # fmt: skip
    if "next_purchase" in models.boosters:
        said = models.opinions(present.values, threads=recipe.threads)
        say = rehearsal.say if rehearsal else Say(formulas_fit=formulas_know(models, learning, threads=recipe.threads))
        models = _with_blend(models, said, _with_level(say, schedule, learning, present.values), present.values)
    models = _with_spread(models, learning, rehearsal, threads=recipe.threads)
    models = _with_newcomers(models, learning, present.values, threads=recipe.threads)
    return Trained(models=models, recipe=recipe, rehearsal=rehearsal, present=present, learning=learning)


def _inner_folds(
    learning: LearningSet, schedule: Schedule, rehearsal_days: int, history_days: int, *, given: Recipe, seed: int,
    snapshot: Snapshot, as_of: datetime,
) -> list[InnerFold]:  # fmt: skip
    """One and two horizons before the rehearsal, where there was enough history; nothing since is known to them.

    A recipe of fewer rows than the one given learns from one cutoff in so many.
    """
    known = learning.as_known(rehearsal_days)
    found: list[InnerFold] = []
    for number in range(1, _INNER_FOLDS + 1):
        reach = rehearsal_days + number * schedule.horizon_days
        days = next((days for days in schedule.cutoffs if days >= reach), None)
        if days is None or history_days - days < YEAR_DAYS / 4:
            break
        then = replace(schedule, knows_season=knows_season(history_days - days))

        def judged(recipe: Recipe, days: int = days, then: Schedule = then) -> Rehearsal | None:
            kept = [days, *schedule.cutoffs[:: max(given.spine_rows // recipe.spine_rows, 1)]]
            return _rehearse(
                known.rows(np.isin(known.age_days + rehearsal_days, kept)), then, days_earlier=days - rehearsal_days,
                recipe=recipe, seed=seed, snapshot=snapshot, knows_season_now=then.knows_season,
                as_of=days_later(as_of, -rehearsal_days, snapshot.time_zone),
            )  # fmt: skip

        found.append(judged)
    return found


def _rehearse(
    learning: LearningSet, schedule: Schedule, *, days_earlier: int, recipe: Recipe, seed: int, snapshot: Snapshot,
    as_of: datetime, knows_season_now: bool,
) -> Rehearsal | None:  # fmt: skip
    """None when there were no customers, or too little to grow trees from, at that moment."""
    examples = learning.rows(learning.age_days == days_earlier)
    earlier = learning.as_known(days_earlier)
    if not len(examples) or too_little(earlier, schedule.horizon_days):
        return None
    fit = fit_models(earlier, examples.matrix, schedule, recipe, seed)
    models = _model_set(
        fit, assumed_spread(schedule.value_edges, fit.value_unit_minor), None, None, seed=seed, snapshot=snapshot,
        as_of=days_later(as_of, -days_earlier, snapshot.time_zone), horizon_days=schedule.horizon_days,
    )  # fmt: skip
    say = Say()
    if "next_purchase" in models.boosters:
        said = models.opinions(examples.matrix, threads=recipe.threads)
        say = learn_say(
            said, churned=examples.churned(schedule.horizon_days), amount=examples.amounts.sum(axis=1),
            through=models.spec.grid.edges.index(float(schedule.horizon_days)),
        )  # fmt: skip
        say = _with_level(say, schedule, earlier, examples.matrix)
        models = _with_blend(models, said, say, examples.matrix)
    models = _with_spread(models, earlier, None, threads=recipe.threads)
    models = _with_newcomers(models, earlier, examples.matrix, threads=recipe.threads)
    return Rehearsal(
        days_earlier=days_earlier, fitted=models, models=outcome_of(models, examples, threads=recipe.threads),
        baseline=baseline_outcome(models, examples), say=say, is_comparable=schedule.knows_season == knows_season_now,
    )  # fmt: skip


def _with_level(say: Say, schedule: Schedule, learning: LearningSet, present: Floats) -> Say:
    came = newcomers(present, learning, schedule.horizon_days)
    return replace(say, level=level_say(knows_season=schedule.knows_season, came=came))


def _with_blend(models: ModelSet, said: Opinions, say: Say, vectors: Floats) -> ModelSet:
    """The models with the formulas beside them, at a level found with the customers of `said` and `vectors`."""
    total = None
    if models.spec.spending is not None:
        horizon = float(models.horizon_days)
        total = float(models.baseline_value(vectors, COLUMNS.history(vectors), horizon).sum())
    spec = replace(models.spec, id="", blend=fit_blend(said, say, formula_total=total))
    return ModelSet(replace(spec, id=_identity(spec, models.boosters)), models.boosters)


def _with_spread(models: ModelSet, learning: LearningSet, rehearsal: Rehearsal | None, *, threads: int) -> ModelSet:
    """The models with the spread of actual amounts about what is answered, be it theirs or the baseline's."""
    spread = observe_spread(models, learning, threads=threads)
    if spread is None:
        return models
    spec = replace(models.spec, id="", value=_as_rehearsed(spread, models, rehearsal))
    return ModelSet(replace(spec, id=_identity(spec, models.boosters)), models.boosters)


def _with_newcomers(models: ModelSet, learning: LearningSet, present: Floats, *, threads: int) -> ModelSet:
    """Where newcomers are more than before, what sets them apart is carried on. The level of all, and the spread of
    amounts, are found without: those learnt from were of another kind."""
    came = newcomers(present, learning, models.horizon_days)
    if came is None or not came.are_more or "next_purchase" not in models.boosters:
        return models
    by = set_apart(models, learning, threads=threads)
    boosters = {
        name: found if name == "loyalty" else [moved(booster, by, present, models.horizon_days) for booster in found]
        for name, found in models.boosters.items()
    }
    return ModelSet(replace(models.spec, id=_identity(replace(models.spec, id=""), boosters)), boosters)


def _as_rehearsed(spread: ValueCalibration, models: ModelSet, rehearsal: Rehearsal | None) -> ValueCalibration:
    if rehearsal is None:
        return widened_as_usual(spread)
    order, value = (
        rehearsal.models if models.basis(kind) is PredictionBasis.MODEL else rehearsal.baseline
        for kind in (PredictionKind.NEXT_PURCHASE, PredictionKind.VALUE)
    )
    if value.value is None or value.amount is None:
        return widened_as_usual(spread)
    return widened(spread, expected=value.value, no_order=order.churn, actual=value.amount)


def _model_set(
    fit: Fit, spread: ValueCalibration, rehearsal: Rehearsal | None, loyalty: Loyalty | None, *, seed: int,
    snapshot: Snapshot, as_of: datetime, horizon_days: int,
) -> ModelSet:  # fmt: skip
    verdicts = judge(rehearsal.models, rehearsal.baseline) if rehearsal and rehearsal.is_comparable else {}
    basis = basis_of(fit.boosters, verdicts)
    boosters = {
        name: fit.boosters[name] for kind, name in MODEL_OF_KIND.items() if basis[kind] == PredictionBasis.MODEL
    }
    basis[PredictionKind.LOYALTY_POTENTIAL] = str(PredictionBasis.BASELINE)
    if loyalty is not None and loyalty.booster is not None and loyalty.is_proven:
        basis[PredictionKind.LOYALTY_POTENTIAL] = str(PredictionBasis.MODEL)
        boosters["loyalty"] = [loyalty.booster]
    local = as_of.astimezone(ZoneInfo(snapshot.time_zone))
    grid = replace(fit.grid, hours=[fit.grid.hours[(number - local.hour) % 24] for number in range(24)])
    unavailable = {} if fit.spending else {str(PredictionKind.VALUE): list(NO_AMOUNTS)}
    spec = ModelSetSpec(
        id="", feature_set=FEATURE_SET, columns=list(FEATURE_NAMES), horizon_days=horizon_days,
        churn_definition=CHURN_DEFINITION, as_of=local.isoformat(), time_zone=snapshot.time_zone,
        currency=snapshot.currency, seed=seed, code_version=code_version(), data_hash=snapshot.content_hash,
        basis=basis, unavailable=unavailable, design=fit.design, btyd=fit.btyd, spending=fit.spending, grid=grid,
        blend=None, value=spread if fit.spending else None, loyalty_window_days=YEAR_DAYS,
        band_edges=BAND_EDGES, boosters={name: _files(name, len(found)) for name, found in boosters.items()},
        metrics={**(measure(rehearsal.models) if rehearsal else {}), **(loyalty.measures if loyalty else {})},
    )  # fmt: skip
    return ModelSet(replace(spec, id=_identity(spec, boosters)), boosters)


def save_models(models: ModelSet, folder: Path, *, vectors: Floats) -> None:
    """Writes the model-set directory, the proof last.

    What the models predict for some of the feature vectors goes with them: whoever loads them must reproduce it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, boosters in models.boosters.items():
        for file, booster in zip(models.spec.boosters[name], boosters, strict=True):
            (folder / file).write_text(booster.model_to_string(), encoding="utf-8")
    write_spec(models.spec, folder)
    record_reproduction(folder, models, vectors)


def _files(name: str, count: int) -> list[str]:
    return [f"{name}.txt"] if count == 1 else [f"{name}_{number}.txt" for number in range(count)]


def _identity(spec: ModelSetSpec, boosters: Mapping[str, list[Booster]]) -> str:
    """Names the set by what it holds: the same data, code and seed give the same name."""
    digest = hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode())
    for name in sorted(boosters):
        for booster in boosters[name]:
            digest.update(booster.model_to_string().encode())
    return digest.hexdigest()[:12]
