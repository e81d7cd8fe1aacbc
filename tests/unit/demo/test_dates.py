"""Moving a history to end yesterday."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from demo.load import weeks_to_yesterday

ENDS_ON = date(2017, 12, 31)


@given(today=st.dates(min_value=date(2018, 1, 1), max_value=date(2100, 1, 1)))
def test_the_moved_history_ends_before_today_and_within_its_last_week(today: date) -> None:
    moved = ENDS_ON + timedelta(weeks=weeks_to_yesterday(ENDS_ON, today=today))
    assert timedelta(days=1) <= today - moved <= timedelta(days=7)


def test_a_history_that_ends_in_the_future_is_not_moved_back() -> None:
    assert weeks_to_yesterday(date(2030, 1, 1), today=date(2026, 1, 1)) == 0
