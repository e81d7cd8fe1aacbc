"""Time zones by name, and instants as people write them: on the clock of the company they are about."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from customer.errors import CustomerError


class UnknownTimeZoneError(CustomerError):
    def __init__(self, time_zone: str) -> None:
        super().__init__(f"{time_zone!r} is not a time zone; expected an IANA name such as Europe/Paris")


class UnreadableInstantError(CustomerError):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"found {text!r}, expected a date such as 2011-06-01 or an instant such as 2026-11-22T09:30:00+01:00"
        )


def checked_time_zone(time_zone: str) -> str:
    """The name, if it is one. Errors: UnknownTimeZoneError."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZoneError(time_zone) from None
    return time_zone


def read_instant(text: str, time_zone: str) -> datetime:
    """An ISO date (its midnight) or time, there unless it says its own offset; in UTC.

    Errors: UnreadableInstantError, UnknownTimeZoneError.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableInstantError(text) from None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(checked_time_zone(time_zone)))).astimezone(UTC)
