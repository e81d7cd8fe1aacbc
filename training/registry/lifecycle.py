"""Model sets in the registry: trained from the database and judged by the gate, fetched, listed."""

import getpass
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.engine.model_set import ModelSet, load_model_set
from training.data.database_snapshot import snapshot_from_database
from training.data.learning import MOST_CUSTOMERS
from training.data.snapshot import Snapshot, end_of_history
from training.evaluation.backtest import judged_rehearsal
from training.evaluation.gate import Check
from training.evaluation.model_card import MARKDOWN, Origin, model_card
from training.recipe import Recipe
from training.registry.model_record import record_model_set
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredSet,
    RegistryError,
    connect,
    download_pages,
    download_set,
    find_by_alias,
    find_by_set,
    list_sets,
    point_alias,
    put_in_charge,
)  # fmt: skip
from training.registry.promotion import check_all
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
            progress(f"the facts end on {end:%Y-%m-%d}: training as of then")
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
    checks = check_all(client, trained, fold)
    source = f"database snapshot {snapshot.content_hash}"
    origin = Origin(source=source, sample_of=sample.sample_of, tuning=tuner.outcome, checks=checks)
    card = model_card(trained, fold, origin)
    progress("logging to MLflow")
    logged = Logged(trained=trained, fold=fold, card=card, tuning=tuner.outcome, study=tuner.study, source=source)
    folder = settings.home.resolve() / "reports" / trained.models.spec.id
    registered = log_training(client, logged, folder=folder)
    record_model_set(database_url(settings), settings.tenant, trained.models.spec, fold, registered, card)
    is_promoted = _decide(settings, client, order, registered, checks, trained.models.spec.metrics)
    return Training(trained=trained, registered=registered, checks=checks, is_promoted=is_promoted, pages=folder,
                    tuning=tuner.outcome)  # fmt: skip


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


def load_registered(settings: TrainingSettings, model_set: str | None) -> ModelSet:
    """A registered set, or the champion. Errors: RegistryError."""
    client = connect(settings)
    registered = find_by_set(client, model_set) if model_set else find_by_alias(client, CHAMPION)
    if registered is None:
        raise RegistryError("there is no champion yet; train one with `parcours train`")
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        return load_model_set(download_set(client, registered, Path(scratch)))


def fetch_pages(settings: TrainingSettings, model_set: str | None, out: Path | None) -> tuple[str, Path | None]:
    """The model card's text; with `out`, all pages of the set are written there. Errors: RegistryError."""
    client = connect(settings)
    registered = find_by_set(client, model_set) if model_set else find_by_alias(client, CHAMPION)
    if registered is None:
        raise RegistryError("there is no champion yet; train one with `parcours train`")
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        pages = download_pages(client, registered, Path(scratch))
        if out is not None:
            shutil.copytree(pages, out, dirs_exist_ok=True)
        return (pages / MARKDOWN).read_text(encoding="utf-8"), out


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDescription:
    """A registered set as `parcours compare` shows it."""

    registered: RegisteredSet
    aliases: list[str]
    as_of: str
    horizon_days: str
    metrics: Mapping[str, float]


def describe_sets(settings: TrainingSettings) -> list[SetDescription]:
    """All registered sets, the newest first, with what their rehearsals measured."""
    client = connect(settings)
    named = {alias: find_by_alias(client, alias) for alias in (CHAMPION, CHALLENGER)}
    found = []
    for registered in list_sets(client):
        run = client.get_run(registered.run_id)
        aliases = [alias for alias, behind in named.items() if behind and behind.model_set == registered.model_set]
        parameters = run.data.params
        found.append(
            SetDescription(
                registered=registered, aliases=aliases, as_of=parameters.get("as_of", ""),
                horizon_days=parameters.get("horizon_days", ""), metrics=run.data.metrics,
            )
        )  # fmt: skip
    return found
