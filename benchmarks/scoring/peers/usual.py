"""What a team would usually write around its boosters: data frames in, `Booster.predict`, `pred_contrib` for drivers.

The mathematics is the engine's own, so that answers are equal; only its shortcuts past LightGBM's Python code are
taken out again.
"""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from scoring.engine import load_model_set
from scoring.outputs import MODEL_OUTPUTS, as_json_numbers, output_columns

_AS_OF = datetime(2000, 1, 1, tzinfo=UTC)


class UsualModels:
    """Answers a data frame of encoded feature vectors with one record per row."""

    def __init__(self, folder: Path) -> None:
        self._models = load_model_set(folder)
        self.columns = self._models.spec.columns
        boosters = self._models.boosters
        self._models._raw = {name: [partial(_predict, one) for one in found] for name, found in boosters.items()}
        for model in ("next_purchase", "value"):
            for contributor in self._models._explainer._contributors_of(model):
                contributor._tables = None

    def predict(self, frame: Any, *, drivers: int = 0) -> list[dict[str, Any]]:
        matrix = frame[self.columns].to_numpy(dtype=np.float64)
        if drivers:
            answers = self._models.predict(matrix, as_of=_AS_OF, drivers=drivers)
            return [
                {
                    "churn_probability": one.churn and one.churn.probability,
                    "drivers": [[each.feature, each.contribution] for each in one.churn.drivers] if one.churn else [],
                }
                for one in answers
            ]
        scores = self._models.scores(matrix)
        columns = {
            f"{name}_{output}": as_json_numbers(column)
            for name in MODEL_OUTPUTS
            for output, column in output_columns(name, scores).items()
        }
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _predict(booster: Any, inputs: Any, *, threads: int = 1) -> Any:
    return booster.predict(inputs, raw_score=True, num_threads=threads)
