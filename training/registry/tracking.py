"""Logs a training run to MLflow: parameters, data sets, measures, plots, the model set, and its three versions."""

import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.engine.model_set import ModelSet
from training.evaluation.backtest import Fold
from training.evaluation.outcome import measure
from training.evaluation.plots import draw_plots
from training.recipe import Recipe
from training.registry.model_registry import (
    EXPERIMENT,
    MODEL_NAMES,
    MODEL_SET_ARTIFACT,
    MODEL_SET_TAG,
    RegisteredSet,
    create_model,
)
from training.registry.pyfunc_model import OUTPUTS
from training.train import Trained, save_models

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REQUIREMENTS = ["parcours[training]"]


def log_training(client: "MlflowClient", trained: Trained, *, recipe: Recipe, source: str) -> RegisteredSet:
    """Everything of one training under one run; registers the three models. The run is named by the model set."""
    import mlflow

    spec = trained.models.spec
    mlflow.set_experiment(EXPERIMENT)
    with (
        mlflow.start_run(run_name=spec.id) as run,
        tempfile.TemporaryDirectory(prefix="parcours-") as scratch,
    ):
        run_id = str(run.info.run_id)
        mlflow.log_params(_parameters(trained, recipe))
        mlflow.set_tags({MODEL_SET_TAG: spec.id, **{f"basis.{kind}": basis for kind, basis in spec.basis.items()}})
        mlflow.log_metrics(_measures(trained))
        _log_dataset(client, run_id, trained, source)
        folder = Path(scratch) / MODEL_SET_ARTIFACT
        save_models(trained.models, folder, vectors=trained.present.values)
        mlflow.log_artifacts(str(folder), MODEL_SET_ARTIFACT)
        if trained.rehearsal:
            rehearsal = trained.rehearsal
            pictures = draw_plots(rehearsal.models, rehearsal.baseline, trained.models, Path(scratch) / "plots")
            mlflow.log_artifacts(str(pictures), "plots")
        versions = {name: _register(client, name, trained.models, folder, run_id) for name in MODEL_NAMES}
    return RegisteredSet(model_set=spec.id, run_id=run_id, versions=versions)


def _parameters(trained: Trained, recipe: Recipe) -> dict[str, Any]:
    spec = trained.models.spec
    named = ("as_of", "horizon_days", "seed", "code_version", "data_hash", "feature_set", "time_zone", "currency")
    return {
        **{name: getattr(spec, name) for name in named},
        "knows_season": spec.grid.knows_season,
        "features": len(spec.design.features),
        "examples": len(trained.learning),
        **{f"recipe.{name}": value for name, value in asdict(recipe).items()},
    }


def _measures(trained: Trained) -> dict[str, float]:
    if trained.rehearsal is None:
        return {}
    baseline = measure(trained.rehearsal.baseline)
    return {**measure(trained.rehearsal.models), **{f"baseline_{name}": value for name, value in baseline.items()}}


def _log_dataset(client: "MlflowClient", run_id: str, trained: Trained, source: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    profile = f'{{"examples": {len(trained.learning)}, "customers": {len(trained.present.values)}}}'
    dataset = Dataset(
        name="snapshot", digest=trained.models.spec.data_hash, source_type="parcours", source=source, profile=profile
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _register(client: "MlflowClient", name: str, models: ModelSet, folder: Path, run_id: str) -> str:
    """Logs one of the models as a pyfunc over the whole set and registers it; returns its version."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    spec = models.spec
    number = DataType.double
    signature = ModelSignature(
        inputs=Schema([ColSpec(number, column, required=False) for column in spec.columns]),
        outputs=Schema([ColSpec(number, column) for column in OUTPUTS[name]]),
        params=ParamSchema([ParamSpec("horizon_days", DataType.long, spec.horizon_days)]),
    )
    data = folder.parent / name
    shutil.copytree(folder, data)
    (data / "kind").write_text(name, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants an example to infer the signature from, which is given
        logged = mlflow.pyfunc.log_model(
            name=name, loader_module="training.registry.pyfunc_model", data_path=str(data), signature=signature,
            pip_requirements=_REQUIREMENTS,
        )  # fmt: skip
    create_model(client, name)
    created = client.create_model_version(name, logged.model_uri, run_id, model_id=logged.model_id)
    version = str(created.version)
    for tag, value in _version_tags(models, name).items():
        client.set_model_version_tag(name, version, tag, value)
    return version


def _version_tags(models: ModelSet, name: str) -> Mapping[str, str]:
    spec = models.spec
    return {
        MODEL_SET_TAG: spec.id,
        "parcours.basis": spec.basis.get(name.upper(), "BASELINE"),
        "parcours.as_of": spec.as_of,
        "parcours.horizon_days": str(spec.horizon_days),
        "parcours.feature_set": spec.feature_set,
        "parcours.data_hash": spec.data_hash,
    }


def log_evaluation(client: "MlflowClient", folds: Sequence[Fold], report: Path) -> str:
    """A backtest as a run of its own: the mean of every measure over the folds, each fold's, and the page."""
    import mlflow

    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"backtest {folds[0].as_of:%Y-%m-%d}") as run:
        mlflow.set_tag("parcours.kind", "backtest")
        for step, fold in enumerate(reversed(folds)):
            mlflow.log_metrics({name: found.value for name, found in fold.measures.items()}, step=step)
            baseline = {f"baseline_{name}": value for name, value in fold.baseline_measures.items()}
            mlflow.log_metrics(baseline, step=step)
        mlflow.log_artifact(str(report))
        return str(run.info.run_id)
