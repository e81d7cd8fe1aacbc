"""The life of model sets in the registry: train from the database, promote, roll back."""

import getpass
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from customer.errors import ParcoursError
from scoring.engine.spec import read_spec
from training.data.database_snapshot import snapshot_from_database
from training.data.snapshot import Snapshot
from training.recipe import Recipe
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredSet,
    connect,
    download_set,
    find_by_alias,
    find_by_set,
    list_sets,
    point_alias,
)  # fmt: skip
from training.registry.promotion import Check, NotPromotedError, check_all
from training.registry.promotion_log import Decision, read_log, record_decision
from training.registry.tracking import log_training
from training.settings import TrainingSettings, database_url
from training.train import Progress, Trained, train_models


class NothingToRollBackError(ParcoursError):
    def __init__(self) -> None:
        super().__init__("there is no earlier model set to go back to; `parcours compare` lists the sets there are")


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a training from the database came to."""

    trained: Trained
    registered: RegisteredSet
    checks: list[Check]
    is_promoted: bool


def train_from_database(
    settings: TrainingSettings, *, as_of: datetime, horizon_days: int | None, recipe: Recipe, seed: int,
    force: bool, promote: bool, progress: Progress,
) -> Training:  # fmt: skip
    """Snapshot, train, log, register; then the gate. A set that does not pass becomes the challenger."""
    url = database_url(settings)
    progress("snapshot of the database")
    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        snapshot = snapshot_from_database(
            url, Path(folder) / "snapshot", known_before=as_of, tenant_key=settings.tenant
        )
        return train_and_register(
            settings, snapshot, as_of=as_of, horizon_days=horizon_days, recipe=recipe, seed=seed, force=force,
            promote=promote, progress=progress,
        )  # fmt: skip


def train_and_register(
    settings: TrainingSettings, snapshot: Snapshot, *, as_of: datetime, horizon_days: int | None, recipe: Recipe,
    seed: int, force: bool, promote: bool, progress: Progress,
) -> Training:  # fmt: skip
    """What follows once the facts are frozen; every decision of the gate goes to the log."""
    trained = train_models(
        snapshot, as_of=as_of, horizon_days=horizon_days, recipe=recipe, seed=seed, progress=progress
    )
    progress("logging to MLflow")
    client = connect(settings)
    registered = log_training(client, trained, recipe=recipe, source=f"database snapshot {snapshot.content_hash}")
    progress("promotion gate")
    checks = check_all(client, trained)
    passed = all(check.passed for check in checks)
    champion = find_by_alias(client, CHAMPION)
    is_promoted = promote and (passed or force)
    point_alias(client, CHAMPION if is_promoted else CHALLENGER, registered)
    record_decision(
        database_url(settings),
        settings.tenant,
        Decision(
            action="PROMOTION" if is_promoted else "REFUSAL",
            alias=CHAMPION,
            registered=registered,
            replaced=champion.model_set if champion and is_promoted else None,
            is_forced=is_promoted and not passed,
            decided_by=getpass.getuser(),
            reasons=checks,
            metrics=trained.models.spec.metrics,
        ),
    )
    return Training(trained=trained, registered=registered, checks=checks, is_promoted=is_promoted)


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


def promote_set(settings: TrainingSettings, model_set: str, *, reason: str) -> RegisteredSet:
    """Puts a registered set in charge by hand; the log says that it was forced and why."""
    client = connect(settings)
    registered = find_by_set(client, model_set)
    _put_in_charge(settings, registered, action="PROMOTION", reason=reason)
    return registered


def promote_challenger(settings: TrainingSettings, *, force: bool) -> RegisteredSet:
    """Puts the challenger in charge. Errors: NotPromotedError, unless forced, for the gate refused it."""
    client = connect(settings)
    challenger = find_by_alias(client, CHALLENGER)
    if challenger is None:
        raise NothingToRollBackError
    if not force:
        raise NotPromotedError([Check(check="gate", passed=False, reason="the gate refused it when it was trained")])
    _put_in_charge(settings, challenger, action="PROMOTION", reason="challenger promoted by hand")
    return challenger


def roll_back(settings: TrainingSettings) -> RegisteredSet:
    """Puts back the set that the present champion replaced. Errors: NothingToRollBackError."""
    client = connect(settings)
    champion = find_by_alias(client, CHAMPION)
    log = read_log(database_url(settings), alias=CHAMPION)
    if champion is None:
        raise NothingToRollBackError
    own = [line.replaced_model_set for line in log if line.model_set == champion.model_set]
    replaced = next((name for name in own if name not in (None, champion.model_set)), None)
    if replaced is None:
        raise NothingToRollBackError
    earlier = find_by_set(client, replaced)
    _put_in_charge(settings, earlier, action="ROLLBACK", reason="rolled back by hand")
    return earlier


def _put_in_charge(settings: TrainingSettings, registered: RegisteredSet, *, action: str, reason: str) -> None:
    client = connect(settings)
    champion = find_by_alias(client, CHAMPION)
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        metrics = read_spec(download_set(client, registered, Path(scratch))).metrics
    point_alias(client, CHAMPION, registered)
    decision = Decision(
        action=action, alias=CHAMPION, registered=registered, replaced=champion.model_set if champion else None,
        is_forced=True, decided_by=getpass.getuser(), metrics=metrics,
        reasons=[Check(check="by hand", passed=True, reason=reason)],
    )  # fmt: skip
    record_decision(database_url(settings), settings.tenant, decision)
