"""`parcours train`: from an order file into a folder, or from the database into the registry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from machine.whole_file import whole_files
from training.commands.sources import FILE_TIME_ZONE, brand_time_zone, order_file_snapshot, tell_silence
from training.data.learning import MOST_CUSTOMERS
from training.engines.names import EngineName
from training.engines.opening import open_engine
from training.given import UsageError, new_folder, read_as_of, read_mapping, refuse_idle
from training.judging.backtest import judged_rehearsal
from training.judging.model_card import Origin, model_card, write_card
from training.judging.report import write_report
from training.recipe import Recipe
from training.registry.trainings import Order, Training, train_from_database
from training.settings import TrainingSettings
from training.train import Progress, Trained, save_models, train_models
from training.tuning import Tuner


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCall:
    """What was typed after `parcours train`."""

    orders: Path | None
    as_of: str | None
    horizon_days: int | None
    out: Path | None
    mapping: list[str]
    time_zone: str | None
    recipe: Recipe
    tune_s: float
    seed: int
    engine: EngineName
    promote: bool
    force: bool

    def refuse_what_does_not_fit(self) -> None:
        """Errors: UsageError."""
        if self.orders is None:
            refuse_idle({"--out": self.out}, "without --orders, for the database's models go to the registry")
            refuse_idle({"--map": self.mapping, "--time-zone": self.time_zone}, "without --orders")
        else:
            idle: dict[str, object] = {"--force": self.force, "--no-promote": not self.promote}
            refuse_idle(idle, "with --orders, for a file's models are not registered")
            if self.out is None or self.as_of is None:
                raise UsageError("with --orders, give --as-of DATE and --out FOLDER too")


def instant_of(settings: TrainingSettings, call: TrainCall, *, now: datetime) -> datetime:
    """The call's as-of, on the clock of the brand or of the file; now when it gives none."""
    if call.as_of is None:
        return now
    zone = brand_time_zone(settings) if call.orders is None else call.time_zone or FILE_TIME_ZONE
    return read_as_of(call.as_of, zone, now=now)


def train_by_database(settings: TrainingSettings, call: TrainCall, *, now: datetime, progress: Progress) -> Training:
    """Errors: those of the call, UnknownTenantError, NoFactsError, RegistryError."""
    as_of = instant_of(settings, call, now=now)
    with open_engine(call.engine) as engine:
        order = Order(
            as_of=as_of, horizon_days=call.horizon_days, recipe=replace(call.recipe, engine=engine), seed=call.seed,
            tune_s=call.tune_s, force=call.force, promote=call.promote, until_facts_end=call.as_of is None,
        )  # fmt: skip
        return train_from_database(settings, order, progress=progress)


def train_by_file(
    settings: TrainingSettings, orders: Path, call: TrainCall, *, now: datetime, progress: Progress
) -> Trained:
    """Errors: those of the call and of order files."""
    as_of = instant_of(settings, call, now=now)
    out, mapping = new_folder(call.out or Path()), read_mapping(call.mapping)
    with open_engine(call.engine) as engine:
        return train_from_orders(
            orders, as_of=as_of, horizon_days=call.horizon_days, out=out, mapping=mapping,
            time_zone=call.time_zone or FILE_TIME_ZONE,
            recipe=replace(call.recipe, engine=engine), seed=call.seed, now=now,
            tuner=Tuner(seconds=call.tune_s, seed=call.seed, progress=progress), progress=progress,
        )  # fmt: skip


def train_from_orders(
    orders: Path, *, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str], time_zone: str,
    recipe: Recipe, seed: int, now: datetime, tuner: Tuner, progress: Progress,
) -> Trained:  # fmt: skip
    """Trains on the file and writes the model-set directory."""
    with order_file_snapshot(
        orders, as_of=as_of, now=now, mapping=mapping, time_zone=time_zone, progress=progress
    ) as snapshot:
        tell_silence(snapshot, as_of)
        sample = snapshot.sample(MOST_CUSTOMERS)
        trained = train_models(
            sample, as_of=as_of, horizon_days=horizon_days, recipe=recipe, seed=seed, tune=tuner,
            progress=progress,
        )  # fmt: skip
    progress("judging the rehearsal")
    fold = judged_rehearsal(trained)
    origin = Origin(source=f"order file {orders.name}", sample_of=sample.sample_of, tuning=tuner.outcome)
    with whole_files(out) as draft:
        write_card(model_card(trained, fold, origin), draft)
        (draft / "recipe.json").write_text(json.dumps(trained.recipe.overrides), encoding="utf-8")
        if fold is not None:
            write_report([fold], draft / "rehearsal.html", title=f"Rehearsal of model set {trained.models.spec.id}")
        save_models(trained.models, draft, vectors=trained.present.values)  # last: its proof covers the others
    return trained
