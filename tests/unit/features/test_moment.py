"""Instants read on the brand's calendar, clocks changing or not."""

from datetime import UTC, date, datetime

import pytest

from customer.features.moment import days_later, local_midnight, local_moment


def test_a_late_evening_in_utc_is_already_tomorrow_in_paris() -> None:
    moment = local_moment(datetime(2023, 12, 31, 23, 30, tzinfo=UTC), "Europe/Paris")
    assert (moment.local_day, moment.local_month, moment.local_hour, moment.year_day) == (19723, 648, 0, 1)


def test_the_leap_day_counts() -> None:
    assert local_moment(datetime(2024, 2, 29, 12, tzinfo=UTC), "UTC").year_day == 60
    assert local_moment(datetime(2024, 12, 31, 12, tzinfo=UTC), "UTC").year_day == 366


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_moment(datetime(2024, 1, 1), "UTC")  # noqa: DTZ001


def test_days_later_is_the_same_time_of_day_across_a_change_of_clocks() -> None:
    midnight = local_midnight(date(2024, 3, 30), "Europe/Paris")
    assert days_later(midnight, 2, "Europe/Paris") == local_midnight(date(2024, 4, 1), "Europe/Paris")
    assert (days_later(midnight, 2, "Europe/Paris") - midnight).total_seconds() == 47 * 3600
