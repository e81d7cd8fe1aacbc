"""`parcours evaluate`: a trained set judged by what followed, or a backtest, on a file or the database."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from customer.features.moment import day_of, days_later
from customer.local_time import read_instant
from scoring.engine.model_set import ModelSet
from training.commands.sources import (
    FILE_TIME_ZONE,
    brand_time_zone,
    complain,
    database_snapshot,
    order_file_snapshot,
    tell_silence,
)
from training.data.learning import MOST_CUSTOMERS
from training.data.snapshot import Snapshot, history
from training.given import UsageError, read_mapping, refuse_idle
from training.judging.backtest import Fold, backtest, judge_at
from training.judging.report import write_report
from training.predict import models_in
from training.recipe import QUICK, Recipe
from training.settings import TrainingSettings
from training.train import Progress

_FEWEST_TO_SPLIT = 20
_USUAL_FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateCall:
    """What was typed after `parcours evaluate`: what to judge, and by which facts (None: the database's)."""

    orders: Path | None
    models: Path | None
    model_set: str | None
    is_backtest: bool
    until: str | None
    horizon_days: int | None
    folds: int | None
    held_out: bool
    recipe: Recipe | None
    seed: int
    mapping: list[str]
    time_zone: str | None

    def refuse_what_does_not_fit(self) -> None:
        """Errors: UsageError."""
        if not self.is_backtest:
            idle = {
                "--horizon": self.horizon_days, "--folds": self.folds, "--full": self.recipe,
                "--no-held-out": not self.held_out,
            }  # fmt: skip
            refuse_idle(idle, "without --backtest, for a trained set is judged as it is")
        if self.orders is None:
            refuse_idle({"--map": self.mapping}, "without --orders")
        if self.orders is None or not self.is_backtest:
            why = "but for a backtest on --orders: the database, and a trained set, have the brand's clock"
            refuse_idle({"--time-zone": self.time_zone}, why)
        named = [one for one in (self.models, self.model_set) if one is not None]
        if len(named) + self.is_backtest > 1 or (self.orders and not named and not self.is_backtest):
            raise UsageError("give one of --models FOLDER or --model-set NAME, to judge that set, or --backtest")


def evaluate(
    settings: TrainingSettings, call: EvaluateCall, *, report: Path, log: bool, now: datetime, progress: Progress
) -> list[Fold]:
    """Judges, writes the page, and logs both. Errors: UsageError."""
    from training.registry.model_registry import connect
    from training.registry.tracking import log_evaluation

    client = connect(settings) if log else None  # first: a registry that does not answer is told before the work
    models = _models_to_judge(settings, call)
    until = read_instant(call.until, _time_zone(settings, call, models)) if call.until else None
    with _facts(settings, call, models, known_before=until or now, now=now, progress=progress) as snapshot:
        found = _judged(snapshot.sample(MOST_CUSTOMERS), models, call, until=until, now=now, progress=progress)
    progress("writing the report")
    write_report(found, report)
    if client is not None:
        progress("logging to MLflow")
        log_evaluation(client, found, report)
    return found


def _time_zone(settings: TrainingSettings, call: EvaluateCall, models: ModelSet | None) -> str:
    if models is not None:
        return models.spec.time_zone
    return brand_time_zone(settings) if call.orders is None else call.time_zone or FILE_TIME_ZONE


def _facts(
    settings: TrainingSettings, call: EvaluateCall, models: ModelSet | None, *, known_before: datetime, now: datetime,
    progress: Progress,
) -> AbstractContextManager[Snapshot]:  # fmt: skip
    if call.orders is None:
        progress("snapshot of the database")
        return database_snapshot(settings, known_before=known_before)
    return order_file_snapshot(
        call.orders, as_of=known_before, now=now, mapping=read_mapping(call.mapping),
        time_zone=_time_zone(settings, call, models), progress=progress,
    )  # fmt: skip


def _models_to_judge(settings: TrainingSettings, call: EvaluateCall) -> ModelSet | None:
    """None for a backtest, which trains its own."""
    if call.is_backtest:
        return None
    if call.models is not None:
        return models_in(call.models.resolve())
    from training.registry.registered_sets import load_registered

    return load_registered(settings, call.model_set)


def _judged(
    snapshot: Snapshot, models: ModelSet | None, call: EvaluateCall, *, until: datetime | None, now: datetime,
    progress: Progress,
) -> list[Fold]:  # fmt: skip
    """Without `until` the facts are followed to their last day: what they do not reach was not observed, which is not
    the same as nobody having bought."""
    begins, ends = history(snapshot)
    if call.orders is not None and until is not None:
        tell_silence(snapshot, until)
    end = until or min(now, ends)
    if models is None:
        return _backtest(snapshot, call, begins=begins, until=end, progress=progress)
    spec = models.spec
    as_of = datetime.fromisoformat(spec.as_of)
    if end < days_later(as_of, spec.horizon_days, spec.time_zone):
        raise UsageError(
            f"the models of {day_of(as_of, spec.time_zone)} look {spec.horizon_days} days ahead; "
            f"the orders must reach that far, but are followed until {day_of(end, spec.time_zone)} only: "
            "wait, name an older set, or hold a --backtest"
        )
    progress("judging")
    return [judge_at(snapshot, models, as_of=as_of, observed_until=end, seed=call.seed)]


def _backtest(
    snapshot: Snapshot, call: EvaluateCall, *, begins: datetime, until: datetime, progress: Progress
) -> list[Fold]:
    folds, zone = call.folds or _USUAL_FOLDS, snapshot.time_zone
    reach = timedelta(days=folds * (call.horizon_days or 1))
    if until - reach <= begins:
        raise UsageError(
            f"{folds} folds of {call.horizon_days or 1} days before {day_of(until, zone)} reach back to "
            f"{day_of(until - reach, zone)}, but the orders begin on {day_of(begins, zone)}: "
            "hold fewer --folds, or take a shorter --horizon"
        )
    kept_apart = call.held_out and snapshot.customer_count >= _FEWEST_TO_SPLIT
    if call.held_out and not kept_apart:
        complain(f"of fewer than {_FEWEST_TO_SPLIT} customers none is kept out of training to judge by")
    return backtest(
        snapshot, until=until, horizon_days=call.horizon_days, folds=folds, recipe=call.recipe or QUICK,
        seed=call.seed, held_out=kept_apart, progress=progress,
    )  # fmt: skip
