"""Registers a team's own model in the place of one of ours: a new model set made of the champion's and of theirs."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from customer.errors import ParcoursError
from customer.vocabulary import PredictionBasis
from scoring.engine.model_set import ModelSet, load_model_set
from scoring.engine.plug_ins import FILE, Flavor, PlugIn, PlugKind, answered, load
from scoring.engine.spec import read_spec, write_spec
from scoring.reproduction import read_reproduction, record_reproduction
from scoring.vectors import Matrix
from training.judging.model_card import write_card
from training.judging.pages import render
from training.registry.model_record import record_model_set
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    EXPERIMENT,
    MODEL_NAMES,
    MODEL_SET_ARTIFACT,
    MODEL_SET_TAG,
    PAGES_ARTIFACT,
    RegisteredSet,
    RegistryError,
    connect,
    download_population,
    download_set,
    find_by_alias,
    find_by_set,
    point_alias,
)  # fmt: skip
from training.registry.tracking import KIND_TAG, register_version
from training.settings import TrainingSettings, database_url

if TYPE_CHECKING:
    from mlflow import MlflowClient

_WITHIN = re.compile(r"within_(\d+(?:\.\d+)?)")
_NUMBERS = frozenset({"double", "float", "integer", "long", "boolean"})


class ContractError(ParcoursError):
    """A custom model cannot take the place of one of ours."""

    def __init__(self, uri: str, problem: str) -> None:
        super().__init__(f"{uri} {problem}; the contract is in docs/how-to/custom-models.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSet:
    registered: RegisteredSet
    plug_in: PlugIn
    base: str  # the set the other models come from


def register_custom(settings: TrainingSettings, uri: str, kind: PlugKind, *, base: str | None = None) -> CustomSet:
    """Checks the model `uri` (models:/<name>/<version> or @alias) against the contract and registers the new set as
    challenger. Errors: ContractError, RegistryError, PlugInRefusedError."""
    client = connect(settings)
    own = find_by_set(client, base) if base else find_by_alias(client, CHAMPION)
    if own is None:
        raise RegistryError(
            "a custom model joins an existing set, and there is no champion; run `parcours train` first"
        )
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        folder = download_set(client, own, Path(scratch))
        proven = read_reproduction(folder).rows
        plug_in = _take_in(client, uri, kind, folder)
        models = _renamed(folder, plug_in, proven)
        card = render("custom_card.md", spec=models.spec, base=own.model_set, plug_in=plug_in, kind=str(kind))
        registered = _log(client, models, folder, own, plug_in, card, Path(scratch))
        record_model_set(database_url(settings), settings.tenant, models.spec, None, registered, card)
    point_alias(client, CHALLENGER, registered)
    return CustomSet(registered=registered, plug_in=plug_in, base=own.model_set)


def _take_in(client: "MlflowClient", uri: str, kind: PlugKind, folder: Path) -> PlugIn:
    """Fetches the model beside the set's own files and enters it in `plug_ins.json`, in the place of an earlier one."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    place = folder / "plug_ins" / kind
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        fetched = download_artifacts(artifact_uri=uri, dst_path=str(place), tracking_uri=client.tracking_uri)
        model = Model.load(fetched)
    except (MlflowException, OSError) as error:
        raise ContractError(
            uri, f"cannot be fetched as an MLflow model ({str(error).partition(chr(10))[0]})"
        ) from error
    flavor = Flavor.LIGHTGBM if "lightgbm" in model.flavors else Flavor.PYFUNC
    path = Path(fetched)
    if flavor is Flavor.LIGHTGBM:
        path = path / str(model.flavors["lightgbm"]["data"])
        path = path.parent if path.is_file() else path
    plug_in = PlugIn(
        kind=kind, flavor=flavor, folder=path.relative_to(folder).as_posix(), inputs=_inputs(uri, model.signature),
        days=_days(uri, model.signature, read_spec(folder).horizon_days) if kind is PlugKind.NEXT_PURCHASE else [],
        source=uri,
    )  # fmt: skip
    _keep(folder, plug_in)
    return plug_in


def _inputs(uri: str, signature: Any) -> list[str]:
    """The names of the columns the model reads. Errors: ContractError."""
    if signature is None or signature.inputs is None or not signature.inputs.has_input_names():
        raise ContractError(uri, "has no signature with named inputs; log it with one (mlflow.models.infer_signature)")
    words = [column.name for column in signature.inputs.inputs if column.type.name not in _NUMBERS]
    if words:
        raise ContractError(
            uri, f"reads {', '.join(words[:5])} as something else than numbers; categories come as their codes"
        )
    return [str(name) for name in signature.inputs.input_names()]


def _days(uri: str, signature: Any, horizon_days: int) -> list[float]:
    """The days that the columns of a next-purchase model speak of, by their names. Errors: ContractError."""
    names = signature.outputs.input_names() if signature.outputs and signature.outputs.has_input_names() else []
    found = [float(match[1]) for name in names if (match := _WITHIN.fullmatch(str(name)))]
    if not found or len(found) < len(names) or found != sorted(set(found)) or found[-1] < horizon_days:
        raise ContractError(
            uri,
            f"answers {', '.join(map(str, names[:5])) or 'columns without names'}; expected within_7, within_14 and so "
            f"on, ascending, to {horizon_days} days at least",
        )
    return found


def _keep(folder: Path, plug_in: PlugIn) -> None:
    path = folder / FILE
    others = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    entries = [one for one in others if one["kind"] != plug_in.kind] + [asdict(plug_in)]
    path.write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _renamed(folder: Path, plug_in: PlugIn, proven: Matrix) -> ModelSet:
    """Gives the set the name of its content, and the proof of the base set's rows that whoever loads it must repeat."""
    spec = read_spec(folder)
    digest = hashlib.sha256(spec.id.encode())
    for path in sorted((folder / "plug_ins").rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    replaced = {plug_in.kind, PlugKind.CHURN} if plug_in.kind is PlugKind.NEXT_PURCHASE else {plug_in.kind}
    basis = {**spec.basis, **{kind.upper(): str(PredictionBasis.MODEL) for kind in replaced}}
    write_spec(replace(spec, id=digest.hexdigest()[:12], basis=basis, metrics={}), folder)
    models = load_model_set(folder)
    nothing = np.full((1, proven.shape[1]), np.nan)
    answered(plug_in, load(plug_in, folder), np.concatenate([proven, nothing]))  # what is missing is answered, too
    record_reproduction(folder, models, proven)
    return models


def _log(
    client: "MlflowClient", models: ModelSet, folder: Path, own: RegisteredSet, plug_in: PlugIn, card: str,
    scratch: Path,
) -> RegisteredSet:  # fmt: skip
    import mlflow

    mlflow.set_experiment(EXPERIMENT)
    population = download_population(client, own, scratch)
    with mlflow.start_run(run_name=models.spec.id) as run:
        run_id = str(run.info.run_id)
        mlflow.set_tags({MODEL_SET_TAG: models.spec.id, KIND_TAG: "custom", "parcours.base": own.model_set})
        mlflow.log_params({"as_of": models.spec.as_of, "horizon_days": models.spec.horizon_days, **_facts(plug_in)})
        mlflow.log_artifacts(str(folder), MODEL_SET_ARTIFACT)
        mlflow.log_artifact(str(population))
        write_card(card, scratch / PAGES_ARTIFACT)
        mlflow.log_artifacts(str(scratch / PAGES_ARTIFACT), PAGES_ARTIFACT)
        versions = {name: register_version(client, name, models, folder, run_id) for name in MODEL_NAMES}
    return RegisteredSet(model_set=models.spec.id, run_id=run_id, versions=versions)


def _facts(plug_in: PlugIn) -> Mapping[str, str]:
    return {"custom.kind": plug_in.kind, "custom.flavor": plug_in.flavor, "custom.source": plug_in.source,
            "custom.inputs": str(len(plug_in.inputs))}  # fmt: skip
