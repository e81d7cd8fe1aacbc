"""How each server wants a request worded: its own protocol, the same rows."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from tests.small_models import AS_OF, SmallModels

Encode = Callable[[SmallModels, Sequence[int], int], bytes]


def score(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
    return msgspec.json.encode(
        {
            "feature_set": FEATURE_SET, "as_of": AS_OF, "columns": FEATURE_NAMES,
            "rows": [models.rows[row] for row in rows], "drivers": drivers,
        }
    )  # fmt: skip


def frame(form: str) -> Encode:
    def encode(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
        data = [[None if value != value else value for value in models.matrix[row].tolist()] for row in rows]
        frame = {"columns": FEATURE_NAMES, "data": data}
        if form == "mlflow":
            return msgspec.json.encode({"dataframe_split": frame, "params": {"drivers": drivers}})
        return msgspec.json.encode({**frame, "drivers": drivers})

    return encode


def tensors(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
    columns = models.matrix[list(rows)].T.tolist()
    inputs = [
        {
            "name": name, "shape": [len(rows), 1], "datatype": "FP64",
            "data": [None if value != value else value for value in column],
        }
        for name, column in zip(FEATURE_NAMES, columns, strict=True)
    ]  # fmt: skip
    body = {"inputs": inputs, "parameters": {"content_type": "pd", "drivers": drivers}}
    return json.dumps(body).encode()


def read_records(answer: Any) -> list[float]:
    return [one["churn_probability"] for one in answer["predictions"]]
