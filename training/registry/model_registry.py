"""MLflow: where runs are logged and versions registered. What a version is called, and which tags it carries."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer.errors import ParcoursError
from training.settings import TrainingSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment
    from mlflow.entities.model_registry import ModelVersion

EXPERIMENT = "parcours"
MODEL_NAMES = ("churn", "next_purchase", "value")
MODEL_SET_TAG = "parcours.model_set"
MODEL_SET_ARTIFACT, PAGES_ARTIFACT, POPULATION_ARTIFACT = "model_set", "pages", "population.json"
CHAMPION, CHALLENGER = "champion", "challenger"
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


class RegistryError(ParcoursError):
    """MLflow does not hold, or did not take, what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredSet:
    """The versions of one model set, all from one run."""

    model_set: str
    run_id: str
    versions: Mapping[str, str]


def connect(settings: TrainingSettings) -> "MlflowClient":
    """A client of MLFLOW_TRACKING_URI, or of the embedded store under the home folder. Errors: RegistryError."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # it would run through our own
    # Its links would go to standard output, where `--json` promises nothing but the result.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = settings.tracking_uri
    if uri is None:
        settings.mlflow_folder.mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{settings.mlflow_folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    with _impatient():
        experiment = _experiment(client, uri)
    os.environ.setdefault(_RETRIES, "3")
    if experiment is None:
        embedded = (settings.mlflow_folder / "artifacts").as_uri() if uri.startswith("sqlite") else None
        client.create_experiment(EXPERIMENT, artifact_location=embedded)
    elif experiment.artifact_location.startswith("mlflow-artifacts:") and not uri.startswith("http"):
        raise RegistryError(
            f"an MLflow server keeps the models of {uri}, and it alone gives out their files: set MLFLOW_TRACKING_URI "
            "to its address (the demo's is among those it ends with, http://127.0.0.1:8002 by default)"
        )
    return client


@contextmanager
def _impatient() -> Iterator[None]:
    """Asks at most twice, unless somebody said how often: a server that was there a moment ago is worth waiting for for
    half a minute, one that is not there at all is better told of at once."""
    if _RETRIES in os.environ:
        yield
        return
    os.environ[_RETRIES] = "1"
    try:
        yield
    finally:
        del os.environ[_RETRIES]


def _experiment(client: "MlflowClient", uri: str) -> "Experiment | None":
    from mlflow.exceptions import MlflowException

    try:
        return client.get_experiment_by_name(EXPERIMENT)
    except MlflowException as error:
        cause: BaseException = error
        while found := cause.__cause__ or cause.__context__:
            cause = found  # each library wraps the last one's words in its own
        problem = str(cause).partition("\n")[0]
        raise RegistryError(
            f"the MLflow server at {uri} does not answer ({problem}); check MLFLOW_TRACKING_URI, and that it runs"
        ) from error


def create_model(client: "MlflowClient", name: str) -> None:
    """Registers the name if it is new."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise RegistryError(f"the registry does not take the model {name!r}: {error.message}") from error


def find_by_alias(client: "MlflowClient", alias: str) -> RegisteredSet | None:
    """The set an alias means; None when no model has the alias. Errors: RegistryError when it is split over sets."""
    versions = _versions_by_alias(client, alias)
    if not versions:
        return None
    sets = {version.tags.get(MODEL_SET_TAG, "") for version in versions.values()}
    if len(versions) < len(MODEL_NAMES) or len(sets) != 1:
        raise RegistryError(
            f"the alias @{alias} names {len(versions)} of {len(MODEL_NAMES)} models, of the sets "
            f"{', '.join(sorted(sets))}; promote one set with `parcours promote`"
        )
    return RegisteredSet(
        model_set=sets.pop(),
        run_id=str(next(iter(versions.values())).run_id),
        versions={name: str(version.version) for name, version in versions.items()},
    )


def find_by_set(client: "MlflowClient", model_set: str) -> RegisteredSet:
    """The newest versions that belong to a model set. Errors: RegistryError."""
    found = {
        name: version
        for name in MODEL_NAMES
        for version in reversed(_newest_first(client, name))
        if version.tags.get(MODEL_SET_TAG) == model_set
    }
    if len(found) < len(MODEL_NAMES):
        raise RegistryError(f"no model set {model_set!r} in the registry; `parcours compare` lists those that are")
    return RegisteredSet(
        model_set=model_set,
        run_id=str(found["churn"].run_id),
        versions={name: str(version.version) for name, version in found.items()},
    )


def list_sets(client: "MlflowClient") -> list[RegisteredSet]:
    """All complete sets, the newest first."""
    # The same data, code and seed, trained again, are the same set: it was registered twice.
    names = dict.fromkeys(version.tags.get(MODEL_SET_TAG) for version in _newest_first(client, MODEL_NAMES[0]))
    return [find_by_set(client, name) for name in names if name is not None]


def _newest_first(client: "MlflowClient", name: str) -> list["ModelVersion"]:
    return sorted(client.search_model_versions(f"name='{name}'"), key=lambda version: -int(version.version))


def point_alias(client: "MlflowClient", alias: str, registered: RegisteredSet) -> None:
    """Makes all three models' alias mean this set. Who looks in between sees a split and keeps what they have."""
    for name, version in registered.versions.items():
        client.set_registered_model_alias(name, alias, version)


def put_in_charge(client: "MlflowClient", registered: RegisteredSet) -> None:
    """Makes the set the champion; who was the challenger until then challenges nobody any more."""
    point_alias(client, CHAMPION, registered)
    for name, version in _versions_by_alias(client, CHALLENGER).items():
        if version.tags.get(MODEL_SET_TAG) == registered.model_set:
            client.delete_registered_model_alias(name, CHALLENGER)


def download_set(client: "MlflowClient", registered: RegisteredSet, folder: Path) -> Path:
    """The model-set directory of a set, fetched into `folder`."""
    return _download(client, registered, MODEL_SET_ARTIFACT, folder)


def download_population(client: "MlflowClient", registered: RegisteredSet, folder: Path) -> Path:
    """The file with the population the set was trained for. Errors: RegistryError, for a set without one."""
    return _download(client, registered, POPULATION_ARTIFACT, folder)


def download_pages(client: "MlflowClient", registered: RegisteredSet, folder: Path) -> Path:
    """The folder with the model card and the rehearsal's report. Errors: RegistryError, for a set without them."""
    return _download(client, registered, PAGES_ARTIFACT, folder)


def _download(client: "MlflowClient", registered: RegisteredSet, artifact: str, folder: Path) -> Path:
    from mlflow.exceptions import MlflowException

    try:
        return Path(client.download_artifacts(registered.run_id, artifact, str(folder)))
    except (MlflowException, OSError) as error:
        raise RegistryError(
            f"the run of model set {registered.model_set} gives no {artifact!r} ({str(error).splitlines()[0]}); "
            "if it was made by an older version, train again"
        ) from error


def _versions_by_alias(client: "MlflowClient", alias: str) -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    found = {}
    for name in MODEL_NAMES:
        try:
            found[name] = client.get_model_version_by_alias(name, alias)
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise RegistryError(f"the registry cannot be asked for @{alias}: {error.message}") from error
    return found
