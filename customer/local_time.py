"""Time zones by name: what a company's local days are counted in."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from customer.errors import CustomerError


class UnknownTimeZoneError(CustomerError):
    def __init__(self, time_zone: str) -> None:
        super().__init__(f"{time_zone!r} is not a time zone; expected an IANA name such as Europe/Paris")


def checked_time_zone(time_zone: str) -> str:
    """The name, if it is one. Errors: UnknownTimeZoneError."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZoneError(time_zone) from None
    return time_zone
