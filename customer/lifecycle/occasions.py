"""Occasions of the year (year-end, Easter): when they are, as ranges of local days."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from customer.lifecycle.policy_checks import Checked

_MONTH_DAY = re.compile(r"(\d\d)-(\d\d)")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Month-days, both included (`to` before `from`: into the next year), or days before and after Easter Sunday."""

    key: str
    label_en: str
    label_fr: str
    from_month_day: tuple[int, int] | None = None
    to_month_day: tuple[int, int] | None = None
    easter_from: int | None = None
    easter_to: int | None = None

    def window(self, year: int) -> "OccasionWindow":
        """The occasion that begins in `year`."""
        if self.from_month_day and self.to_month_day:
            first = date(year, *self.from_month_day)
            last = date(year + (self.to_month_day < self.from_month_day), *self.to_month_day)
        else:
            sunday = easter_sunday(year)
            first = sunday + timedelta(days=self.easter_from or 0)
            last = sunday + timedelta(days=self.easter_to or 0)
        return OccasionWindow(key=self.key, first_day=(first - _EPOCH).days, last_day=(last - _EPOCH).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccasionWindow:
    """One occurrence of an occasion, in days since 1970-01-01 of the tenant's time zone, both days included."""

    key: str
    first_day: int
    last_day: int


def occasion_windows(occasions: Iterable[Occasion], *, first_year: int, last_year: int) -> list[OccasionWindow]:
    """Every occurrence that touches these years, by its last day (ties by key)."""
    windows = [o.window(year) for o in occasions for year in range(first_year - 1, last_year + 1)]
    return sorted(windows, key=lambda window: (window.last_day, window.key))


def easter_sunday(year: int) -> date:
    """Gregorian Easter (the anonymous algorithm published in Nature, 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def parse_occasion(document: Mapping[str, Any]) -> tuple[Occasion, list[str]]:
    """An occasion of the policy file and what is wrong with it."""
    checked = Checked(document)
    key = checked.text("key")
    (label_en, label_fr) = checked.part("label", _label, ("?", "?"))
    if "easter_from" in document or "easter_to" in document:
        first = checked.whole_number("easter_from", least=-120, most=120)
        last = checked.whole_number("easter_to", least=-120, most=120)
        occasion = Occasion(key=key, label_en=label_en, label_fr=label_fr, easter_from=first, easter_to=last)
        backwards = ["easter_to: must not be before easter_from"] if last < first else []
        return occasion, [*checked.finish(), *backwards]
    starts, start_problems = _month_day("from", checked.text("from"))
    ends, end_problems = _month_day("to", checked.text("to"))
    occasion = Occasion(key=key, label_en=label_en, label_fr=label_fr, from_month_day=starts, to_month_day=ends)
    return occasion, [*checked.finish(), *start_problems, *end_problems]


def _label(document: Mapping[str, Any]) -> tuple[tuple[str, str], list[str]]:
    checked = Checked(document)
    return (checked.text("EN"), checked.text("FR")), checked.finish()


def _month_day(key: str, text: str) -> tuple[tuple[int, int], list[str]]:
    match = _MONTH_DAY.fullmatch(text)
    try:
        month, day = (int(match[1]), int(match[2])) if match else (0, 0)
        date(2001, month, day)  # not a leap year: 02-29 does not come every year
    except ValueError:
        return (1, 1), [f"{key}: found {text!r}, expected a day that exists every year, as MM-DD"]
    return (month, day), []
