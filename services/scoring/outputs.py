"""What each model answers with, as named columns: the vocabulary of the protocols that know tensors, not customers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from scoring.engine import Scores

Column = npt.NDArray[np.float64]

MODEL_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "churn": ("probability",),
    "next_purchase": ("p10_days", "p50_days", "p90_days"),
    "value": ("expected_minor", "low_minor", "high_minor"),
}


def output_columns(model: str, scores: Scores) -> dict[str, Column]:
    """One column per output of the model; NaN where it has nothing to say of a row."""
    match model:
        case "churn":
            columns = [scores.churn]
        case "next_purchase":
            columns = [scores.p10_days, scores.p50_days, scores.p90_days]
        case _ if scores.value is not None:
            columns = [scores.value.expected, scores.value.low, scores.value.high]
        case _:
            columns = [np.full(len(scores.churn), np.nan)] * 3
    return dict(zip(MODEL_OUTPUTS[model], columns, strict=True))


def as_json_numbers(column: Column) -> list[float | None]:
    """JSON has no NaN: a missing number is null."""
    return [None if np.isnan(value) else value for value in column.tolist()]
