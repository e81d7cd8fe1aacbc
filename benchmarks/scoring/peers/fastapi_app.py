"""A usual FastAPI service: pydantic body, pandas frame, predict in the endpoint's thread."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.scoring.peers.usual import UsualModels

app = FastAPI()
_models = UsualModels(Path(os.environ["BENCH_MODELS"]))


class Question(BaseModel):
    columns: list[str]
    data: list[list[float | None]]
    drivers: int = 0


@app.post("/predict")
def predict(question: Question) -> dict[str, Any]:
    frame = pd.DataFrame(question.data, columns=question.columns, dtype="float64")
    return {"predictions": _models.predict(frame, drivers=question.drivers)}
