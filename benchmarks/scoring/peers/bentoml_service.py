"""A BentoML service with a pandas frame as its input."""

import os
from pathlib import Path
from typing import Any

import bentoml
import pandas as pd

from benchmarks.scoring.peers.usual import UsualModels


@bentoml.service(workers=2)
class Scoring:
    def __init__(self) -> None:
        self._models = UsualModels(Path(os.environ["BENCH_MODELS"]))

    @bentoml.api
    def predict(self, columns: list[str], data: list[list[float | None]], drivers: int = 0) -> dict[str, Any]:
        frame = pd.DataFrame(data, columns=columns, dtype="float64")
        return {"predictions": self._models.predict(frame, drivers=drivers)}
