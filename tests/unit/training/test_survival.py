import numpy as np
import pytest

from training.evaluation.survival import daily_grid, integrated_brier_losses, silence_between


def test_the_integrated_brier_score_of_who_knows_is_zero_and_of_who_does_not_a_quarter() -> None:
    waits = np.array([3.5, 9.0, np.nan])
    days = daily_grid(10)
    knowing = (np.where(np.isnan(waits), np.inf, waits)[:, None] >= days).astype(float)
    assert integrated_brier_losses(knowing, waits, days) == pytest.approx(0.0)
    assert integrated_brier_losses(np.full((3, len(days)), 0.5), waits, days) == pytest.approx(0.25)


def test_a_curve_is_read_between_its_points_with_a_constant_hazard() -> None:
    within = 1.0 - np.exp(-np.array([[10.0, 30.0]]) / 20.0)
    silent = silence_between(np.array([10.0, 30.0]), within, np.array([0.0, 5.0, 10.0, 20.0, 30.0]))
    assert silent[0] == pytest.approx(np.exp(-np.array([0.0, 5.0, 10.0, 20.0, 30.0]) / 20.0))
