"""The proof that a model set is the one that was trained: its files' digests, and predictions it must reproduce.

The digests are compared before anything is loaded, because LightGBM ends the whole process over a file cut short.
"""

import hashlib
import json
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """Feature vectors, and what the models predicted for them when they were trained."""

    rows: Matrix
    outputs: Outputs


def record_reproduction(folder: Path, models: ModelSet, matrix: Matrix) -> None:
    """Stores the predictions of some rows of `matrix` (columns as declared by the features) beside the models."""
    chosen = matrix[np.linspace(0, len(matrix) - 1, min(ROWS, len(matrix)), dtype=int)] if len(matrix) else matrix
    stored = {
        "files": _digests(folder),
        "rows": [[None if np.isnan(value) else float(value) for value in row] for row in chosen],
        "outputs": _outputs(models, chosen),
    }
    (folder / FILE).write_text(json.dumps(stored, allow_nan=False) + "\n", encoding="utf-8")


def read_reproduction(folder: Path) -> Reproduction:
    """What was stored at training. Raises ModelSetRefusedError when it is absent or other files lie beside it now."""
    try:
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
        rows = np.array(stored["rows"], dtype=np.float64).reshape(len(stored["rows"]), -1)
        files, outputs = dict(stored["files"]), dict(stored["outputs"])
        found = _digests(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelSetRefusedError(
            f"the models in {folder} cannot be checked: {FILE} is missing or damaged ({error}); train them again"
        ) from error
    damaged = sorted(name for name, digest in files.items() if found.get(name) != digest)
    if damaged:
        raise ModelSetRefusedError(
            f"{', '.join(damaged)} in {folder} is not the file that was written by training; fetch or train it again"
        )
    return Reproduction(rows=rows, outputs=outputs)


def check_reproduction(stored: Reproduction, models: ModelSet) -> None:
    """Predicts the stored rows again. Raises ModelSetRefusedError when an answer differs."""
    found = _outputs(models, stored.rows)
    for name, values in stored.outputs.items():
        if not np.allclose(
            _floats(found.get(name, [])), _floats(values), rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True
        ):
            raise ModelSetRefusedError(
                f"model set {models.spec.id} does not reproduce the {name} it predicted when it was trained; "
                "another version of a library reads its files differently; train it again"
            )


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE
    }


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
