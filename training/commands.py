"""What the commands do with facts: a snapshot in a temporary folder, then train, predict or judge."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from customer.features.moment import days_later
from scoring.engine.model_set import ModelSet, load_model_set
from training.data.engine import LOCAL, Engine
from training.data.learning import MOST_CUSTOMERS
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot, end_of_history, history
from training.evaluation.backtest import Fold, backtest, judge_at, judged_rehearsal
from training.evaluation.model_card import Origin, model_card, write_card
from training.evaluation.report import write_report
from training.given import UsageError
from training.monitoring.observe import Observation, observe, record_observation
from training.monitoring.report import log_observation, write_observation
from training.predict import models_in, predict_file
from training.recipe import Recipe
from training.settings import TrainingSettings, database_url
from training.train import Progress, Trained, save_models, train_models
from training.tuning import Tuner

_FEWEST_TO_SPLIT = 20
_LONG_SILENCE_DAYS = 14


@contextmanager
def order_file_snapshot(
    orders: Path, *, as_of: datetime, now: datetime, mapping: Mapping[str, str], time_zone: str, progress: Progress
) -> Iterator[Snapshot]:
    """The facts of the file known before as_of; the folder is gone afterwards."""
    progress("reading orders: splitting the file")
    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        snapshot, _ = snapshot_from_orders(
            orders, Path(folder) / "snapshot", known_before=as_of, now=now, mapping=mapping, time_zone=time_zone,
            progress=lambda done, total: progress(f"reading orders: {done:,} of {total:,} rows"),
            complain=_complain,
        )  # fmt: skip
        _tell_silence(snapshot, as_of)
        yield snapshot


def _tell_silence(snapshot: Snapshot, as_of: datetime) -> None:
    """A file that ends long before the moment asked about is more often cut short than true."""
    silent = (as_of - end_of_history(snapshot)).days
    if silent >= _LONG_SILENCE_DAYS:
        _complain(
            f"the last order of the file lies {silent} days before {as_of:%Y-%m-%d}: if the shop sold since then, the "
            "file is cut short, and everybody looks as if about to leave"
        )


def _complain(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def train_from_orders(
    orders: Path, *, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str], time_zone: str,
    recipe: Recipe, seed: int, now: datetime, tuner: Tuner, progress: Progress,
) -> Trained:  # fmt: skip
    """Trains on the file and writes the model-set directory."""
    with order_file_snapshot(
        orders, as_of=as_of, now=now, mapping=mapping, time_zone=time_zone, progress=progress
    ) as snapshot:
        sample = snapshot.sample(MOST_CUSTOMERS)
        trained = train_models(
            sample, as_of=as_of, horizon_days=horizon_days, recipe=recipe, seed=seed, tune=tuner,
            progress=progress,
        )  # fmt: skip
    progress("judging the rehearsal")
    fold = judged_rehearsal(trained)
    origin = Origin(source=f"order file {orders.name}", sample_of=sample.sample_of, tuning=tuner.outcome)
    write_card(model_card(trained, fold, origin), out)
    (out / "recipe.json").write_text(json.dumps(trained.recipe.overrides), encoding="utf-8")
    if fold is not None:
        write_report([fold], out / "rehearsal.html", title=f"Rehearsal of model set {trained.models.spec.id}")
    # Last, since the proof covers every file: of an earlier training into the same folder other pages lay there.
    save_models(trained.models, out, vectors=trained.present.values)
    return trained


def predict_from_orders(
    orders: Path, *, models: Path, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str],
    now: datetime, progress: Progress, engine: Engine = LOCAL,
) -> int:  # fmt: skip
    """Writes the predictions file; the time zone is that of the model set. Returns the number of rows."""
    folder = models.resolve()
    spec = models_in(folder).spec
    if as_of < datetime.fromisoformat(spec.as_of):
        _complain(
            f"these models learnt from what happened until {spec.as_of[:10]}, which is after {as_of:%Y-%m-%d}: do not "
            "judge them by these predictions; `parcours evaluate --backtest` does it honestly"
        )
    with order_file_snapshot(
        orders, as_of=as_of, now=now, mapping=mapping, time_zone=spec.time_zone, progress=progress
    ) as snapshot:
        progress("predicting: features")
        ready = partial(models_in, folder, customers=snapshot.customer_count)
        return predict_file(
            snapshot, ready, as_of=as_of, horizon_days=horizon_days, out=out, engine=engine,
            progress=lambda done, total: progress(f"predicting: {done:,} of {total:,} customers"),
        )  # fmt: skip


@contextmanager
def database_snapshot(settings: TrainingSettings, *, known_before: datetime) -> Iterator[Snapshot]:
    """The facts of the database known before that instant; the folder is gone afterwards."""
    from training.data.database_snapshot import snapshot_from_database

    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        yield snapshot_from_database(
            database_url(settings), Path(folder) / "snapshot", known_before=known_before, tenant_key=settings.tenant
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What to judge, and by which facts: an order file's, or the database's when there is none."""

    orders: Path | None
    models: Path | None
    model_set: str | None
    is_backtest: bool
    until: datetime | None
    horizon_days: int | None
    folds: int
    held_out: bool
    recipe: Recipe
    seed: int
    mapping: Mapping[str, str]
    time_zone: str


def evaluate_source(
    settings: TrainingSettings, wanted: Evaluation, *, report: Path, log: bool, now: datetime, progress: Progress
) -> list[Fold]:
    """Judges, writes the page, and logs both. Errors: UsageError."""
    from training.registry.model_registry import connect
    from training.registry.tracking import log_evaluation

    client = connect(settings) if log else None  # first: a registry that does not answer is told before the work
    models = _models_to_judge(settings, wanted)
    known_before = wanted.until or now
    if wanted.orders is not None:
        zone = models.spec.time_zone if models else wanted.time_zone
        source = order_file_snapshot(
            wanted.orders, as_of=known_before, now=now, mapping=wanted.mapping, time_zone=zone, progress=progress
        )
    else:
        progress("snapshot of the database")
        source = database_snapshot(settings, known_before=known_before)
    with source as snapshot:
        found = _judged(snapshot.sample(MOST_CUSTOMERS), models, wanted, now=now, progress=progress)
    progress("writing the report")
    write_report(found, report)
    if client is not None:
        progress("logging to MLflow")
        log_evaluation(client, found, report)
    return found


def _models_to_judge(settings: TrainingSettings, wanted: Evaluation) -> ModelSet | None:
    """None for a backtest, which trains its own."""
    named = [one for one in (wanted.models, wanted.model_set) if one is not None]
    if len(named) + wanted.is_backtest > 1 or (wanted.orders and not named and not wanted.is_backtest):
        raise UsageError("give one of --models FOLDER or --model-set NAME, to judge that set, or --backtest")
    if wanted.is_backtest:
        return None
    if wanted.models is not None:
        return load_model_set(wanted.models)
    from training.registry.registered_sets import load_registered

    return load_registered(settings, wanted.model_set)


def _judged(
    snapshot: Snapshot, models: ModelSet | None, wanted: Evaluation, *, now: datetime, progress: Progress
) -> list[Fold]:
    """Without `until` the facts are followed to their last day: what they do not reach was not observed, which is not
    the same as nobody having bought."""
    begins, ends = history(snapshot)
    until = wanted.until or min(now, ends)
    if models is None:
        reach = timedelta(days=wanted.folds * (wanted.horizon_days or 1))
        if until - reach <= begins:
            raise UsageError(
                f"{wanted.folds} folds of {wanted.horizon_days or 1} days before {until:%Y-%m-%d} reach back to "
                f"{until - reach:%Y-%m-%d}, but the orders begin on {begins:%Y-%m-%d}: "
                "hold fewer --folds, or take a shorter --horizon"
            )
        kept_apart = wanted.held_out and snapshot.customer_count >= _FEWEST_TO_SPLIT
        if wanted.held_out and not kept_apart:
            _complain(f"of fewer than {_FEWEST_TO_SPLIT} customers none is kept out of training to judge by")
        return backtest(
            snapshot, until=until, horizon_days=wanted.horizon_days, folds=wanted.folds, recipe=wanted.recipe,
            seed=wanted.seed, held_out=kept_apart, progress=progress,
        )  # fmt: skip
    spec = models.spec
    as_of = datetime.fromisoformat(spec.as_of)
    if until < days_later(as_of, spec.horizon_days, spec.time_zone):
        raise UsageError(
            f"the models of {as_of:%Y-%m-%d} look {spec.horizon_days} days ahead; "
            f"the orders must reach that far, but are followed until {until:%Y-%m-%d} only: "
            "wait, name an older set, or hold a --backtest"
        )
    progress("judging")
    return [judge_at(snapshot, models, as_of=as_of, observed_until=until, seed=wanted.seed)]


def monitor_champion(
    settings: TrainingSettings, *, out: Path | None, log: bool, now: datetime, progress: Progress
) -> tuple[Observation, Path]:
    """Looks, writes the page, keeps the observation in the database and in MLflow. Returns it and the page."""
    progress("snapshot of the database")
    with database_snapshot(settings, known_before=now) as snapshot:
        seen = observe(settings, snapshot, now=now, progress=progress)
    folder = out or settings.home.resolve() / "reports" / "monitoring" / f"{now:%Y-%m-%dT%H%M%S}"
    page = write_observation(seen, folder)
    record_observation(database_url(settings), settings.tenant, seen)
    if log:
        from training.registry.model_registry import connect

        progress("logging to MLflow")
        log_observation(connect(settings), seen, folder)
    return seen, page
