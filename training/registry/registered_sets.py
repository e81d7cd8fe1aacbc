"""What the registry can tell of its model sets: one of them loaded, its pages, or all of them with their figures."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from customer.vocabulary import PredictionKind
from scoring.engine.model_set import ModelSet, load_model_set
from training.evaluation.intervals import Measured
from training.judging.model_card import MARKDOWN
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
)
from training.registry.tracking import COMPARED_TAG, difference_name
from training.settings import TrainingSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient


def load_registered(settings: TrainingSettings, model_set: str | None) -> ModelSet:
    """A registered set, or the champion. Errors: RegistryError."""
    client = connect(settings)
    registered = _named(client, model_set)
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        return load_model_set(download_set(client, registered, Path(scratch)))


def fetch_pages(settings: TrainingSettings, model_set: str | None, out: Path | None) -> tuple[str, Path | None]:
    """The model card's text; with `out`, all pages of the set are written there. Errors: RegistryError."""
    client = connect(settings)
    registered = _named(client, model_set)
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        pages = download_pages(client, registered, Path(scratch))
        if out is not None:
            shutil.copytree(pages, out, dirs_exist_ok=True)
        return (pages / MARKDOWN).read_text(encoding="utf-8"), out


def _named(client: "MlflowClient", model_set: str | None) -> RegisteredSet:
    """That set, or the champion. Errors: RegistryError."""
    registered = find_by_set(client, model_set) if model_set else find_by_alias(client, CHAMPION)
    if registered is None:
        raise RegistryError("there is no champion yet; train one with `parcours train`")
    return registered


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDescription:
    """A registered set as `parcours compare` shows it."""

    registered: RegisteredSet
    aliases: list[str]
    as_of: str
    horizon_days: str
    metrics: Mapping[str, float]
    compared_with: str | None  # the champion of then, where both could be judged

    def difference(self, kind: PredictionKind, other: str) -> Measured | None:
        """The mean loss less that of the baseline or the champion of then, in parts of it."""
        names = [f"{difference_name(kind, other)}{end}" for end in ("", "_low", "_high")]
        value, low, high = (self.metrics.get(name) for name in names)
        return None if value is None or low is None or high is None else Measured(value=value, low=low, high=high)


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
                compared_with=run.data.tags.get(COMPARED_TAG),
            )
        )  # fmt: skip
    return found
