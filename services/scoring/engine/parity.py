"""Whether two ways of computing the same predictions agree, looked at where they are most likely not to."""

from typing import Protocol

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.scores import Scores
from scoring.engine.trees import UnsupportedTreesError

TOLERANCE = 1e-9
_OTHER_HORIZONS = (1, 7, 45)


class Scorer(Protocol):
    def scores(self, matrix: Floats, *, horizon_days: int | None = None) -> Scores:
        """Predictions for the rows of a matrix."""


def refuse_differences(reference: Scorer, found: Scorer, sample: Floats) -> None:
    """Raises UnsupportedTreesError when an answer to the sample, whole and holed, is further off than TOLERANCE."""
    rows = np.concatenate([sample, *(_with_holes(sample, every) for every in (3, 7))])
    for horizon in (None, *_OTHER_HORIZONS):
        with np.errstate(all="ignore"):  # the holes leave formulas without their inputs
            expected = _columns(reference.scores(rows, horizon_days=horizon))
        for name, column in _columns(found.scores(rows, horizon_days=horizon)).items():
            if not np.allclose(column, expected[name], rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
                raise UnsupportedTreesError(f"the compiled loop gives other {name}")


def _with_holes(sample: Floats, every: int) -> Floats:
    """The sample with some values missing, others in each row."""
    holed = sample.copy()
    rows, columns = np.indices(holed.shape)
    holed[(rows + columns) % every == 0] = np.nan
    return holed


def _columns(scores: Scores) -> dict[str, Floats]:
    columns = {
        "churn": scores.churn,
        "p10_days": scores.p10_days,
        "p50_days": scores.p50_days,
        "p90_days": scores.p90_days,
        "within": scores.within,
        "loyalty": scores.loyalty,
    }
    if scores.value is not None:
        columns |= {"expected": scores.value.expected, "low": scores.value.low, "high": scores.value.high}
    return columns
