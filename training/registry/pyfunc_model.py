"""A model set as MLflow pyfuncs: what `mlflow models serve` and `mlflow.pyfunc.load_model` load a version with.

MLflow imports this module by name and calls `_load_pyfunc`; the file `kind` beside the model set says which of its
models to answer with.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scoring.engine import ModelSet, load_model_set
from scoring.engine.btyd import Floats
from scoring.engine.scores import Scores

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "churn": ("probability",),
    "next_purchase": ("p10_days", "p50_days", "p90_days"),
    "value": ("expected_minor", "low_minor", "high_minor"),
}
"""The columns each registered model answers with; those of value are NaN where the data has no amounts."""


class PyfuncModel:
    """Answers data frames (or lists of records) of feature vectors; `params` may hold `horizon_days`."""

    def __init__(self, models: ModelSet, kind: str) -> None:
        self._models = models
        self._kind = kind

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> dict[str, Floats]:
        matrix = np.asarray(data[self._models.spec.columns], dtype=np.float64)
        horizon = (params or {}).get("horizon_days")
        scores = self._models.scores(matrix, horizon_days=int(horizon) if horizon else None)
        return dict(zip(OUTPUTS[self._kind], _columns(self._kind, scores), strict=True))


def _load_pyfunc(path: str) -> PyfuncModel:
    folder = Path(path)
    return PyfuncModel(load_model_set(folder), (folder / "kind").read_text(encoding="utf-8").strip())


def _columns(kind: str, scores: Scores) -> tuple[Floats, ...]:
    if kind == "churn":
        return (scores.churn,)
    if kind == "next_purchase":
        return scores.p10_days, scores.p50_days, scores.p90_days
    if scores.value is None:
        nothing = np.full(len(scores.churn), np.nan)
        return nothing, nothing, nothing
    return scores.value.expected, scores.value.low, scores.value.high
