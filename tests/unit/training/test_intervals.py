"""Intervals tell how far a measure would move with other customers of the same kind."""

import numpy as np
import pytest

from tests.unit.training.outcomes import chances, outcome
from training.evaluation.intervals import with_intervals

JUDGED = outcome(chances(), chances())
LOSS = np.random.default_rng(8).normal(3.0, 2.0, len(JUDGED.churn))


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    found = with_intervals(JUDGED, seed=1, rounds=2000, losses={"loss": LOSS})["loss"]
    half = 1.96 * LOSS.std() / np.sqrt(len(LOSS))
    assert found.value == pytest.approx(LOSS.mean())
    assert found.low == pytest.approx(LOSS.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(LOSS.mean() + half, abs=0.1 * half)


def test_the_calibration_error_lies_in_the_middle_of_its_interval_though_resampling_makes_it_worse() -> None:
    found = with_intervals(JUDGED, seed=1)["churn_ece"]
    assert 0.5 < (found.high - found.value) / (found.value - found.low) < 2.0


def test_every_measure_has_an_interval_and_the_same_one_for_the_same_seed() -> None:
    first, again, other = (with_intervals(JUDGED, seed=seed, rounds=20) for seed in (1, 1, 2))
    assert all(one.low <= one.value <= one.high for name, one in first.items() if name != "customers")
    assert first == again
    assert first["churn_brier"].low != other["churn_brier"].low
