import numpy as np
import pytest

from training.evaluation.survival import daily_grid, integrated_brier_losses, silence_at, silence_between


def test_the_integrated_brier_score_of_who_knows_is_zero_and_of_who_does_not_a_quarter() -> None:
    waits = np.array([3.5, 9.0, np.nan])
    days = daily_grid(10)
    knowing = (np.where(np.isnan(waits), np.inf, waits)[:, None] >= days).astype(float)
    assert integrated_brier_losses(knowing, waits, days) == pytest.approx(0.0)
    assert integrated_brier_losses(np.full((3, len(days)), 0.5), waits, days) == pytest.approx(0.25)


def test_a_curve_is_read_between_its_points_with_a_constant_hazard() -> None:
    within = 1.0 - np.exp(-np.array([[10.0, 30.0]]) / 20.0)
    days = np.array([0.0, 5.0, 10.0, 20.0, 30.0, 35.0])
    silent = silence_between(np.array([10.0, 30.0]), within, days)
    assert silent[0] == pytest.approx(np.exp(-days / 20.0))


def test_each_customer_is_read_at_a_day_of_their_own() -> None:
    known, days = np.array([10.0, 30.0]), np.array([4.0, 30.0, 20.0])
    within = np.array([[0.1, 0.2], [0.3, 0.9], [0.5, 0.5]])
    everyone = silence_between(known, within, days)
    assert silence_at(known, within, days) == pytest.approx(everyone.diagonal())
    assert silence_at(known, within, days)[1:] == pytest.approx([0.1, 0.5])


@pytest.mark.parametrize(("horizon", "count"), [(1, 1), (14, 14), (100, 100), (365, 100)])
def test_curves_are_judged_from_the_first_day_to_the_last_at_most_at_a_hundred(horizon: int, count: int) -> None:
    days = daily_grid(horizon)
    assert (days[0], days[-1], len(days)) == (1.0, float(horizon), count)
