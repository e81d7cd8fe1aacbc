"""What monitoring leaves behind: a page, the same as JSON, and a run in MLflow."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.judging.pages import write_page
from training.judging.report import MEASURES
from training.monitoring.observe import Observation
from training.registry.model_registry import EXPERIMENT, MODEL_SET_TAG
from training.registry.tracking import KIND_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE, FACTS = "monitoring.html", "monitoring.json"
_LOGGED_DRIFTS = 20


def as_facts(observation: Observation) -> dict[str, Any]:
    """Everything in the observation as JSON holds it."""
    found = asdict(observation) | {"is_alert": observation.is_alert}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in found.items()}


def write_observation(observation: Observation, folder: Path) -> Path:
    """Writes the page and the facts; returns the page."""
    page = write_page(folder / PAGE, "monitoring.html", seen=observation, rows=list(_rows(observation)))
    (folder / FACTS).write_text(json.dumps(as_facts(observation), indent=1), encoding="utf-8")
    return page


def log_observation(client: "MlflowClient", observation: Observation, folder: Path) -> str:
    """A run of its own, tagged with the model set: its series in MLflow is the model's life in service."""
    import mlflow

    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"monitoring {observation.observed_at:%Y-%m-%d}") as run:
        mlflow.set_tags(
            {KIND_TAG: "monitoring", MODEL_SET_TAG: observation.model_set, "parcours.status": str(observation.status)}
        )
        mlflow.log_metrics({f"live_{name}": one.value for name, one in observation.measures.items()})
        mlflow.log_metric("live_judged_customers", observation.judged_customers)
        for drift in observation.drift[:_LOGGED_DRIFTS]:
            mlflow.log_metric(f"drift/{drift.name.replace(': ', '_')}", drift.stability_index)
        mlflow.log_artifacts(str(folder))
        return str(run.info.run_id)


def _rows(observation: Observation) -> Iterator[dict[str, Any]]:
    for name, measure in MEASURES.items():
        if name in observation.measures:
            yield {
                "words": f"{measure.section.lower()}: {measure.words}",
                "found": observation.measures[name],
                "promised": observation.promised.get(name),
                "baseline": getattr(observation.baseline.get(name), "value", None),
            }
