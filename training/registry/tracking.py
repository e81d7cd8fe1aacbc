"""Logs a training run to MLflow: parameters, data sets, measures, plots, the model set, and its three versions."""

import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer.vocabulary import PredictionKind
from scoring.engine.model_set import ModelSet
from training.evaluation.gate import Verdict, judge
from training.judging.backtest import Fold
from training.judging.model_card import write_card
from training.judging.population import population_of, write_population
from training.judging.report import pictures_of, write_drawn
from training.registry.model_registry import (
    EXPERIMENT,
    MODEL_NAMES,
    MODEL_SET_ARTIFACT,
    MODEL_SET_TAG,
    PAGES_ARTIFACT,
    RegisteredSet,
    create_model,
)
from training.registry.promotion import Judgement
from training.registry.pyfunc_model import OUTPUTS
from training.train import Trained, save_models

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from optuna import Study

_REQUIREMENTS = ["parcours[training]"]
KIND_TAG = "parcours.kind"
COMPARED_TAG = "parcours.compared_with"
"""The champion of then, where a new set could be judged beside it."""
RECIPE_ARTIFACT = "recipe.json"
REPORT = "rehearsal.html"
MEASURES_ARTIFACT = "measures.json"
"""Every measure with its interval, within stages and channels too, which are too many to be metrics of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Everything of one training that goes into its run."""

    trained: Trained
    fold: Fold | None  # the rehearsal, with intervals
    judgement: Judgement
    card: str
    tuning: str
    study: "Study | None"
    source: str


def log_training(client: "MlflowClient", logged: Logged, *, folder: Path) -> RegisteredSet:
    """Everything of one training under one run; registers the three models. The run is named by the model set.

    The report and the card are written into `folder` too.
    """
    import mlflow

    trained, spec = logged.trained, logged.trained.models.spec
    mlflow.set_experiment(EXPERIMENT)
    with (
        mlflow.start_run(run_name=spec.id) as run,
        tempfile.TemporaryDirectory(prefix="parcours-") as scratch,
    ):
        run_id = str(run.info.run_id)
        mlflow.log_params(_parameters(trained))
        basis = {f"basis.{kind}": basis for kind, basis in spec.basis.items()}
        tags = {MODEL_SET_TAG: spec.id, KIND_TAG: "training", "parcours.tuning": logged.tuning, **basis}
        if logged.judgement.champion is not None:
            tags[COMPARED_TAG] = logged.judgement.champion
        mlflow.set_tags({**tags, "mlflow.note.content": logged.card})
        mlflow.log_metrics({**_measures(logged.fold), **_differences("champion", logged.judgement.beside_champion)})
        if logged.fold is not None:
            mlflow.log_dict({"folds": [logged.fold.facts()]}, MEASURES_ARTIFACT)
        _log_study(client, run_id, logged.study)
        _log_dataset(client, run_id, trained, logged.source)
        models = Path(scratch) / MODEL_SET_ARTIFACT
        save_models(trained.models, models, vectors=trained.present.values)
        mlflow.log_artifacts(str(models), MODEL_SET_ARTIFACT)
        mlflow.log_dict(dict(trained.recipe.overrides), RECIPE_ARTIFACT)
        population = population_of(trained.models, trained.present.values, as_of=spec.as_of)
        mlflow.log_artifact(str(write_population(population, Path(scratch))))
        _log_pages(logged, folder)
        versions = {name: register_version(client, name, trained.models, models, run_id) for name in MODEL_NAMES}
    return RegisteredSet(model_set=spec.id, run_id=run_id, versions=versions)


def _log_pages(logged: Logged, folder: Path) -> None:
    import mlflow

    write_card(logged.card, folder)
    if (fold := logged.fold) is not None:
        pictures = pictures_of(fold)
        for name, svg in pictures.items():
            mlflow.log_text(svg, f"plots/{name}.svg")
        title = f"Rehearsal of model set {logged.trained.models.spec.id}"
        write_drawn([(fold, pictures)], folder / REPORT, title=title)
    mlflow.log_artifacts(str(folder), PAGES_ARTIFACT)


def _log_study(client: "MlflowClient", run_id: str, study: "Study | None") -> None:
    """Each tried recipe is a step of the loss relative to the given recipe; all are in one table."""
    import mlflow

    if study is None:
        return
    for trial in study.trials:
        if trial.value is not None:
            client.log_metric(run_id, "tuning_relative_loss", trial.value, step=trial.number)
    columns = {
        "trial": [trial.number for trial in study.trials],
        "state": [trial.state.name for trial in study.trials],
        "relative_loss": [trial.value for trial in study.trials],
        **{name: [trial.params.get(name) for trial in study.trials] for name in study.trials[0].params},
    }
    mlflow.log_table(columns, "tuning.json")


def _parameters(trained: Trained) -> dict[str, Any]:
    spec = trained.models.spec
    named = ("as_of", "horizon_days", "seed", "code_version", "data_hash", "feature_set", "time_zone", "currency")
    return {
        **{name: getattr(spec, name) for name in named},
        "knows_season": spec.grid.knows_season,
        "features": len(spec.design.features),
        "examples": len(trained.learning),
        **{f"recipe.{name}": value for name, value in trained.recipe.facts().items()},
    }


def _measures(fold: Fold | None) -> dict[str, float]:
    """The value of each measure, its interval as `…_low` and `…_high`, the baseline's value, and what lies between."""
    if fold is None:
        return {}
    found = {name: one.value for name, one in fold.measures.items()}
    found |= {f"{name}_low": one.low for name, one in fold.measures.items()}
    found |= {f"{name}_high": one.high for name, one in fold.measures.items()}
    found |= {f"baseline_{name}": one.value for name, one in fold.baseline_measures.items()}
    return found | _differences("baseline", judge(fold.outcome, fold.baseline))


def _differences(other: str, verdicts: Mapping[PredictionKind, Verdict]) -> dict[str, float]:
    """By kind, the mean loss less the other's on the same customers, in parts of it, with the interval's ends."""
    found: dict[str, float] = {}
    for kind, verdict in verdicts.items():
        name, parts = difference_name(kind, other), verdict.in_parts
        found |= {name: parts.value, f"{name}_low": parts.low, f"{name}_high": parts.high}
    return found


def difference_name(kind: PredictionKind, other: str) -> str:
    """The measure of a run that tells its paired difference to `other`: the baseline or the champion of then."""
    return f"{kind.lower()}_loss_beside_{other}"


def _log_dataset(client: "MlflowClient", run_id: str, trained: Trained, source: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    profile = f'{{"examples": {len(trained.learning)}, "customers": {len(trained.present.values)}}}'
    dataset = Dataset(
        name="snapshot", digest=trained.models.spec.data_hash, source_type="parcours", source=source, profile=profile
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def register_version(client: "MlflowClient", name: str, models: ModelSet, folder: Path, run_id: str) -> str:
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
    data = folder.parent / f"as_{name}"
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
    """A backtest or a judgement as a run of its own: each fold is a step of every measure; and the page."""
    import mlflow

    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"evaluation {folds[0].as_of:%Y-%m-%d}") as run:
        mlflow.set_tags({KIND_TAG: "evaluation", MODEL_SET_TAG: folds[0].models.spec.id})
        mlflow.log_params({"horizon_days": folds[0].models.horizon_days, "folds": len(folds)})
        for step, fold in enumerate([fold for fold in reversed(folds) if not fold.is_held_out]):
            mlflow.log_metrics(_measures(fold), step=step)
        for fold in folds:
            if fold.is_held_out:
                mlflow.log_metrics({f"held_out_{name}": value for name, value in _measures(fold).items()})
        mlflow.log_dict({"folds": [fold.facts() for fold in folds]}, MEASURES_ARTIFACT)
        mlflow.log_artifact(str(report))
        return str(run.info.run_id)
