"""Currencies and time zones by their everyday names."""

import pytest

from customer.local_time import UnknownTimeZoneError, checked_time_zone
from customer.money import minor_digits


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert [minor_digits(currency) for currency in ("EUR", "JPY", "kwd", "XAF")] == [2, 0, 3, 0]


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match="expected an IANA name"):
        checked_time_zone(name)


def test_a_time_zone_is_its_own_name() -> None:
    assert checked_time_zone("Europe/Paris") == "Europe/Paris"
