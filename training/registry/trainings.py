"""A training from the database: facts frozen, models trained, judged by the gate, registered, promoted or not."""

import getpass
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from customer.features.moment import day_of
from training.data.database_snapshot import snapshot_from_database
from training.data.learning import MOST_CUSTOMERS
from training.data.snapshot import Snapshot, end_of_history
from training.evaluation.gate import Check
from training.judging.backtest import judged_rehearsal
from training.judging.model_card import Origin, model_card
from training.recipe import Recipe
from training.registry.model_record import record_model_set
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredSet,
    connect,
    find_by_alias,
    point_alias,
    put_in_charge,
)
from training.registry.promotion import judge_all
from training.registry.promotion_log import Decision, record_decision
from training.registry.tracking import Logged, log_training
from training.settings import TrainingSettings, database_url
from training.train import Progress, Trained, train_models
from training.tuning import Tuner

if TYPE_CHECKING:
    from mlflow import MlflowClient


_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a training from the database came to."""

    trained: Trained
    registered: RegisteredSet
    checks: list[Check]
    is_promoted: bool
    pages: Path  # the folder of the rehearsal's report and the model card
    tuning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to train, and what may become of it."""

    as_of: datetime
    horizon_days: int | None
    recipe: Recipe
    seed: int
    tune_s: float = 0.0
    promote: bool = True
    force: bool = False
    until_facts_end: bool = False  # not later than the facts reach: days without data would count as silence


def train_from_database(settings: TrainingSettings, order: Order, *, progress: Progress) -> Training:
    """Snapshot, train, log, register; then the gate. A set that does not pass becomes the challenger."""
    progress("snapshot of the database")
    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        snapshot = snapshot_from_database(
            database_url(settings), Path(folder) / "snapshot", known_before=order.as_of, tenant_key=settings.tenant
        )
        if order.until_facts_end and order.as_of - (end := end_of_history(snapshot)) > _LATE:
            progress(f"the facts end on {day_of(end, snapshot.time_zone)}: training as of then")
            order = replace(order, as_of=end)
        return train_and_register(settings, snapshot, order, progress=progress)


def train_and_register(settings: TrainingSettings, snapshot: Snapshot, order: Order, *, progress: Progress) -> Training:
    """What follows once the facts are frozen; every decision of the gate goes to the log."""
    client = connect(settings)  # first: a registry that does not answer is told before the work
    tuner = Tuner(seconds=order.tune_s, seed=order.seed, progress=progress)
    sample = snapshot.sample(MOST_CUSTOMERS)
    trained = train_models(
        sample, as_of=order.as_of, horizon_days=order.horizon_days, recipe=order.recipe, seed=order.seed,
        progress=progress, tune=tuner,
    )  # fmt: skip
    progress("judging the rehearsal")
    fold = judged_rehearsal(trained)
    judgement = judge_all(client, trained, fold, sample, progress=progress)
    source = f"database snapshot {snapshot.content_hash}"
    origin = Origin(source=source, sample_of=sample.sample_of, tuning=tuner.outcome, checks=judgement.checks)
    card = model_card(trained, fold, origin)
    progress("logging to MLflow")
    logged = Logged(
        trained=trained, fold=fold, judgement=judgement, card=card, tuning=tuner.outcome, study=tuner.study,
        source=source,
    )  # fmt: skip
    folder = settings.home.resolve() / "reports" / trained.models.spec.id
    registered = log_training(client, logged, folder=folder)
    record_model_set(database_url(settings), settings.tenant, trained.models.spec, fold, registered, card)
    is_promoted = _decide(settings, client, order, registered, judgement.checks, trained.models.spec.metrics)
    return Training(
        trained=trained, registered=registered, checks=judgement.checks, is_promoted=is_promoted, pages=folder,
        tuning=tuner.outcome,
    )  # fmt: skip


def _decide(
    settings: TrainingSettings, client: "MlflowClient", order: Order, registered: RegisteredSet,
    checks: Sequence[Check], metrics: Mapping[str, float],
) -> bool:  # fmt: skip
    """Promotes or not; whether it did."""
    passed = all(check.passed for check in checks)
    champion = find_by_alias(client, CHAMPION)
    is_promoted = order.promote and (passed or order.force)
    if is_promoted:
        put_in_charge(client, registered)
    else:
        point_alias(client, CHALLENGER, registered)
    decision = Decision(
        action="PROMOTION" if is_promoted else "REFUSAL",
        alias=CHAMPION,
        registered=registered,
        replaced=champion.model_set if champion and is_promoted else None,
        is_forced=is_promoted and not passed,
        decided_by=getpass.getuser(),
        reasons=checks if order.promote else [*checks, Check(check="asked", passed=False, reason="only registered")],
        metrics=metrics,
    )
    record_decision(database_url(settings), settings.tenant, decision)
    return is_promoted
