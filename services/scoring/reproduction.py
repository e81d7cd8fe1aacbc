"""The proof that a loaded model set is the one that was trained: it must reproduce predictions stored at training."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from scoring.engine import ModelSet
from scoring.errors import ModelSetRefusedError
from scoring.vectors import Matrix

FILE = "reproduction.json"
ROWS = 32
_TOLERANCE = 1e-6  # processors and library builds may differ in the last digits
_AS_OF = datetime(2000, 1, 1, tzinfo=UTC)  # the vectors carry all that the models know of the date

Outputs = dict[str, list[float | None]]


def record_reproduction(folder: Path, models: ModelSet, matrix: Matrix) -> None:
    """Stores the predictions of some rows of `matrix` (columns as declared by the features) beside the models."""
    chosen = matrix[np.linspace(0, len(matrix) - 1, min(ROWS, len(matrix)), dtype=int)] if len(matrix) else matrix
    stored = {
        "rows": [[None if np.isnan(value) else float(value) for value in row] for row in chosen],
        "outputs": _outputs(models, chosen),
    }
    (folder / FILE).write_text(json.dumps(stored, allow_nan=False) + "\n", encoding="utf-8")


def check_reproduction(folder: Path, models: ModelSet) -> Matrix:
    """Predicts the stored rows again and returns them. Raises ModelSetRefusedError when an answer differs."""
    try:
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
        rows = np.array(stored["rows"], dtype=np.float64).reshape(len(stored["rows"]), len(models.spec.columns))
        expected: Outputs = stored["outputs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelSetRefusedError(
            f"model set {models.spec.id} cannot be checked: {FILE} is missing or damaged ({error}); train it again"
        ) from error
    found = _outputs(models, rows)
    for name, values in expected.items():
        if not np.allclose(
            _floats(found.get(name, [])), _floats(values), rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True
        ):
            raise ModelSetRefusedError(
                f"model set {models.spec.id} does not reproduce the {name} it predicted when it was trained; "
                "its files are damaged or another library version reads them differently: fetch or train it again"
            )
    return rows


def _outputs(models: ModelSet, matrix: Matrix) -> Outputs:
    answers = models.predict(matrix, as_of=_AS_OF)
    return {
        "churn_probability": [answer.churn.probability if answer.churn else None for answer in answers],
        "p50_days": [answer.next_purchase.p50_days if answer.next_purchase else None for answer in answers],
        "p90_days": [answer.next_purchase.p90_days if answer.next_purchase else None for answer in answers],
        "expected_minor": [answer.value.expected_minor if answer.value else None for answer in answers],
    }


def _floats(values: list[float | None]) -> Matrix:
    return np.array(values, dtype=np.float64)
