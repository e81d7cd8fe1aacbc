import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.engine.hours import at_their_hour, by_orders, clock_from, hours_of

MORNINGS = [0.0001] * 9 + [1.0] * 3 + [0.0001] * 12


@given(st.lists(st.floats(0.0, 60.0), min_size=2, max_size=5), st.integers(0, 23))
def test_the_hour_of_the_day_changes_no_day_and_no_order_of_quantiles(days: list[float], start: int) -> None:
    asked = np.sort(np.array(days))
    found = at_their_hour(asked, clock_from(MORNINGS, start))
    assert np.array_equal(np.floor(found - 1e-9 * (found > asked)), np.floor(asked)) or np.all(found % 1.0 < 1.0)
    assert np.all(np.diff(found) >= 0.0)
    assert by_orders(found, clock_from(MORNINGS, start)) == pytest.approx(asked, abs=1e-9)


@pytest.mark.parametrize(("start", "hour"), [(0, 10.5), (6, 4.5), (11, 22.5)])
def test_half_of_a_days_orders_have_come_when_its_busy_hours_are_half_over(start: int, hour: float) -> None:
    assert at_their_hour(np.array([3.5]), clock_from(MORNINGS, start))[0] == pytest.approx(3 + hour / 24, abs=0.01)


def test_whole_days_stay_whole_days() -> None:
    whole = np.array([0.0, 1.0, 30.0])
    assert np.array_equal(at_their_hour(whole, clock_from(MORNINGS, 7)), whole)


def test_hours_are_learnt_from_the_fractions_of_waits_and_none_is_impossible() -> None:
    found = hours_of(np.array([2 + 10.2 / 24, 10.9 / 24, 7 + 20.0 / 24]))
    assert np.argmax(found) == 10
    assert min(found) > 0.0
    assert sum(found) == pytest.approx(1.0)
