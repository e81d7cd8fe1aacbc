"""How an instant reads on the brand's own calendar, as the integers that facts and spines carry."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMoment:
    """`local_day` counts days since 1970-01-01, `local_month` months since 1970-01, `year_day` from 1."""

    as_of: datetime
    local_day: int
    local_month: int
    local_hour: int
    year_day: int


def local_moment(instant: datetime, time_zone: str) -> LocalMoment:
    """`instant` must be aware; raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"found a naive instant {instant.isoformat()}, expected one with a time zone")
    local = instant.astimezone(ZoneInfo(time_zone))
    return LocalMoment(
        as_of=instant.astimezone(UTC),
        local_day=(local.date() - _EPOCH).days,
        local_month=(local.year - 1970) * 12 + local.month - 1,
        local_hour=local.hour,
        year_day=local.timetuple().tm_yday,
    )


def local_midnight(day: date, time_zone: str) -> datetime:
    """The instant, in UTC, at which that day begins there."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def days_later(instant: datetime, days: int, time_zone: str) -> datetime:
    """The same wall-clock time that many days later, so that a horizon of whole days ends at a midnight too."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return (local + timedelta(days=days)).astimezone(UTC)


def day_of(instant: datetime, time_zone: str) -> date:
    """The day that it is there: what people are told of an instant."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
