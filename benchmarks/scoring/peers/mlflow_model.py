"""The models as an MLflow pyfunc with a signature, for `mlflow models serve`."""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.scoring.peers.usual import UsualModels


class _Pyfunc:
    def __init__(self, models: UsualModels) -> None:
        self._models = models

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return self._models.predict(data, drivers=int((params or {}).get("drivers", 0)))


def _load_pyfunc(path: str) -> _Pyfunc:
    return _Pyfunc(UsualModels(Path(path)))


def save(models: Path, target: Path) -> None:
    """Writes the MLflow model into `target`."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    columns = json.loads((models / "model_set.json").read_text())["columns"]
    mlflow.pyfunc.save_model(
        path=str(target),
        loader_module="benchmarks.scoring.peers.mlflow_model",
        data_path=str(models),
        signature=ModelSignature(
            inputs=Schema([ColSpec(DataType.double, column, required=False) for column in columns]),
            params=ParamSchema([ParamSpec("drivers", DataType.long, 0)]),
        ),
        pip_requirements=["lightgbm"],
    )


if __name__ == "__main__":
    save(Path(sys.argv[1]), Path(sys.argv[2]))
