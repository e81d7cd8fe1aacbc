"""Where model versions are: an MLflow registry followed by alias, or a local directory."""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from machine.whole_file import whole_file
from scoring.errors import ModelRepositoryError
from scoring.settings import ScoringSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

log = logging.getLogger(__name__)

MODEL_NAMES = ("churn", "next_purchase", "value")
MODEL_SET_TAG = "parcours.model_set"
MODEL_SET_ARTIFACT = "model_set"
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")  # it names a folder of the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSetVersion:
    """Names one model set without fetching it; `key` differs whenever the models do."""

    key: str
    run_id: str | None = None
    registry_versions: Mapping[str, str] = field(default_factory=dict)  # model name -> version in the registry


class ModelRepository(Protocol):
    """What the model registry needs of the place where versions are. Both calls block and may take seconds."""

    def find(self, alias: str) -> ModelSetVersion:
        """The version behind an alias; raises ModelRepositoryError when there is none or it cannot be known."""

    def fetch(self, version: ModelSetVersion) -> Path:
        """A local directory that holds the version, complete."""


def model_repository(settings: ScoringSettings) -> ModelRepository:
    """The repository the settings name: the local directory when one is given, else MLflow."""
    if settings.models is not None:
        return DirectoryRepository(settings.models)
    if settings.tracking_uri is not None:
        return MlflowRepository(
            settings.tracking_uri, cache=settings.home / "scoring", timeout_s=settings.registry_timeout_s
        )
    raise ModelRepositoryError(
        "no place to load models from: set MLFLOW_TRACKING_URI, or PARCOURS_SCORING_MODELS to a model set directory"
    )


class DirectoryRepository:
    """One model set in a local directory; every alias means it. Replacing the files makes a new version.

    What is loaded is a copy: the files may be replaced at any moment, and LightGBM ends the whole process over one that
    is cut short after it was checked.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._copies: list[Path] = []

    def find(self, alias: str) -> ModelSetVersion:
        digest = hashlib.sha256()
        with _readable(self._directory):
            files = sorted(path for path in self._directory.rglob("*") if path.is_file())
            for path in files:
                digest.update(f"{path.relative_to(self._directory)}\0".encode())
                digest.update(path.read_bytes())
        if not files:
            raise ModelRepositoryError(f"no model set in {self._directory}; expected the output of `parcours train`")
        return ModelSetVersion(key=digest.hexdigest()[:16])

    def fetch(self, version: ModelSetVersion) -> Path:
        copy = Path(tempfile.mkdtemp(prefix="parcours-models-"))
        weakref.finalize(self, shutil.rmtree, copy, ignore_errors=True)
        self._copies.append(copy)
        for old in self._copies[:-2]:  # the one before may serve until this one does
            shutil.rmtree(old, ignore_errors=True)
        del self._copies[:-2]
        with _readable(self._directory):
            return shutil.copytree(self._directory, copy, dirs_exist_ok=True)


class MlflowRepository:
    """An MLflow registry over HTTP. What its aliases mean is kept once fetched, and served while the registry is away.

    Several processes may share the cache.
    """

    def __init__(self, tracking_uri: str, *, cache: Path, timeout_s: int) -> None:
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(timeout_s))
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # polling again soon is the better retry
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        self._tracking_uri = tracking_uri
        self._cache = cache
        self._client: MlflowClient | None = None
        self._from_memory: set[str] = set()  # aliases, told once until the registry answers again

    def find(self, alias: str) -> ModelSetVersion:
        try:
            version = self._ask(alias)
        except ModelRepositoryError as error:
            remembered = self._remembered(alias)
            if remembered is None:
                raise
            if alias not in self._from_memory:
                self._from_memory.add(alias)
                log.warning(
                    "%s; going on with model set %s, the @%s that was known last here, which may have been replaced "
                    "since", error, remembered.key, alias,
                )  # fmt: skip
            return remembered
        self._from_memory.discard(alias)
        self._remember(alias, version)
        return version

    def fetch(self, version: ModelSetVersion) -> Path:
        kept = self._cache / version.key
        if kept.exists():
            return kept
        self._cache.mkdir(parents=True, exist_ok=True)
        self._drop_what_no_alias_means()
        with (
            _mlflow_errors("download", version.key),
            tempfile.TemporaryDirectory(dir=self._cache, prefix=".") as partial,
        ):
            from mlflow.artifacts import download_artifacts

            folder = download_artifacts(
                artifact_uri=f"runs:/{version.run_id}/{MODEL_SET_ARTIFACT}",
                dst_path=partial,
                tracking_uri=self._tracking_uri,
            )
            try:
                Path(folder).rename(kept)  # complete or absent, also with several processes
            except OSError:
                if not kept.exists():
                    raise
        return kept

    def _drop_what_no_alias_means(self) -> None:
        meant = {json.loads(known.read_text())["key"] for known in self._cache.glob("[!.]*.json")}
        for kept in self._cache.glob("[!.]*/"):
            if kept.name not in meant:
                shutil.rmtree(kept, ignore_errors=True)

    def _ask(self, alias: str) -> ModelSetVersion:
        with _mlflow_errors("resolve", f"@{alias}"):
            if self._client is None:
                from mlflow import MlflowClient

                self._client = MlflowClient(tracking_uri=self._tracking_uri, registry_uri=self._tracking_uri)
            versions = {name: self._client.get_model_version_by_alias(name, alias) for name in MODEL_NAMES}
        return _consistent(versions, alias)

    def _remember(self, alias: str, version: ModelSetVersion) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {
                "key": version.key,
                "run_id": version.run_id,
                "registry_versions": dict(version.registry_versions),
            }
        )
        known = self._cache / f"{alias}.json"
        if not known.exists() or known.read_text() != text:
            with whole_file(known) as draft:
                draft.write_text(text)

    def _remembered(self, alias: str) -> ModelSetVersion | None:
        known = self._cache / f"{alias}.json"
        if not known.exists():
            return None
        version = ModelSetVersion(**json.loads(known.read_text()))
        return version if (self._cache / version.key).exists() else None


def _consistent(versions: Mapping[str, "ModelVersion"], alias: str) -> ModelSetVersion:
    sets = {name: version.tags.get(MODEL_SET_TAG) for name, version in versions.items()}
    (key, *others) = set(sets.values())
    if others or key is None:
        raise ModelRepositoryError(
            f"the aliases @{alias} of {', '.join(versions)} point to different model sets ({sets}); "
            "point all of them to versions trained together"
        )
    if not _FOLDER_NAME.fullmatch(key):
        raise ModelRepositoryError(f"the tag {MODEL_SET_TAG} is {key!r}, expected letters, digits, dots and dashes")
    return ModelSetVersion(
        key=key,
        run_id=next(iter(versions.values())).run_id,
        registry_versions={name: str(version.version) for name, version in versions.items()},
    )


@contextmanager
def _readable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # of copytree, too: a list of them
        raise ModelRepositoryError(f"cannot read the model set in {directory}: {error}") from error


@contextmanager
def _mlflow_errors(doing: str, what: str) -> Iterator[None]:
    """MLflow raises its own error for what the registry says and requests' errors for what the network does."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    try:
        yield
    except (MlflowException, RequestException, OSError) as error:
        sentence = str(error).partition("\n")[0]
        raise ModelRepositoryError(f"cannot {doing} {what} in the MLflow registry: {sentence}") from error
