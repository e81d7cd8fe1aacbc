"""Measures with their uncertainty: the spread of the middle 95 % over resampled customers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from scoring.engine.btyd import Floats, Positions
from training.evaluation.outcome import Outcome, measure

_ROUNDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure with its 95 % bootstrap interval over customers."""

    value: float
    low: float
    high: float


def with_intervals(
    outcome: Outcome, *, seed: int, rounds: int = _ROUNDS, losses: Mapping[str, Floats] | None = None
) -> dict[str, Measured]:
    """Every measure of the outcome; `losses` are further ones, by name, that are means over the customers."""
    rng = np.random.default_rng(seed)
    size = len(outcome.churn)
    outcome = replace(outcome, matrix=outcome.matrix[:, :0])  # no measure reads it, and every draw would copy it
    draws: dict[str, list[float]] = {}
    for _ in range(rounds):
        chosen = rng.integers(0, size, size)
        for name, value in _measured(outcome.rows(chosen), losses, chosen).items():
            draws.setdefault(name, []).append(value)
    everybody = np.arange(size)
    return {
        name: _around(value, np.asarray(draws.get(name, [value])))
        for name, value in _measured(outcome, losses, everybody).items()
    }


def _measured(outcome: Outcome, losses: Mapping[str, Floats] | None, chosen: Positions) -> dict[str, float]:
    return measure(outcome) | {name: float(values[chosen].mean()) for name, values in (losses or {}).items()}


def _around(value: float, draws: Floats) -> Measured:
    """The draws' spread around the value: a resample holds customers twice, which by itself makes some measures worse
    (the calibration error, above all), so their middle is not what is measured."""
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    shift = value - middle
    return Measured(value=value, low=float(low + shift), high=float(high + shift))
