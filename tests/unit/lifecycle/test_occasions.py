"""Occasions fall where the calendar puts them."""

from datetime import date, timedelta

import pytest

from customer.lifecycle.occasions import easter_sunday, occasion_windows
from customer.lifecycle.policy import default_policy


@pytest.mark.parametrize(
    "sunday",
    [date(1961, 4, 2), date(1999, 4, 4), date(2008, 3, 23), date(2011, 4, 24), date(2024, 3, 31), date(2038, 4, 25)],
)
def test_easter_sunday_is_the_published_one(sunday: date) -> None:
    assert easter_sunday(sunday.year) == sunday


def test_a_window_may_run_into_the_next_year_and_both_its_days_count() -> None:
    windows = {
        (window.key, _day(window.first_day), _day(window.last_day))
        for window in occasion_windows(default_policy().occasions, first_year=2024, last_year=2024)
    }
    assert ("year_end", date(2023, 12, 1), date(2024, 1, 6)) in windows
    assert ("easter", date(2024, 3, 10), date(2024, 4, 1)) in windows
    assert ("year_end", date(2024, 12, 1), date(2025, 1, 6)) in windows


def _day(local_day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=local_day)
