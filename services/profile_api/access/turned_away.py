"""Callers who were not let in: counted by reason and told in the security log, never who they were."""

import asyncio
import logging
from collections import Counter as Tally
from enum import StrEnum
from typing import Final

from prometheus_client import Counter

_LOG: Final = logging.getLogger("parcours.security")
_TELL_EVERY_S: Final = 10.0
_MOST_ADDRESSES: Final = 1_000


class Reason(StrEnum):
    """Why somebody was not let in."""

    NO_TOKEN = "NO_TOKEN"  # noqa: S105  (a word, not a secret)
    UNKNOWN_KEY = "UNKNOWN_KEY"  # an API key that never was, has expired or was revoked
    BAD_TOKEN = "BAD_TOKEN"  # noqa: S105  (an identity provider's token that does not prove itself)
    NOT_ALLOWED = "NOT_ALLOWED"  # known to the identity provider, but of no tenant or role of ours
    TOO_MANY = "TOO_MANY"  # from an address that failed too often


TURNED_AWAY: Final = Counter("parcours_turned_away", "Callers who were not let in, by reason", ["reason"])
for _reason in Reason:
    TURNED_AWAY.labels(_reason.value)  # zero is shown as zero, so that an alert may watch for the first


class TurnedAway:
    """One line every ten seconds at most, however many knock: so a flood of strangers is no flood of lines."""

    def __init__(self) -> None:
        self._reasons: Tally[Reason] = Tally()
        self._addresses: set[str] = set()

    def note(self, reason: Reason, address: str) -> None:
        """Counts one caller. The address is kept until the next line, to tell how many there were."""
        TURNED_AWAY.labels(reason.value).inc()
        self._reasons[reason] += 1
        if len(self._addresses) < _MOST_ADDRESSES:
            self._addresses.add(address)

    def tell(self) -> None:
        """Writes what came since the last line, if anything did."""
        if not self._reasons:
            return
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self._reasons.items()))
        more = " or more" if len(self._addresses) == _MOST_ADDRESSES else ""
        _LOG.warning("turned away: %s; addresses: %d%s", reasons, len(self._addresses), more)
        self._reasons.clear()
        self._addresses.clear()

    async def keep_telling(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await asyncio.sleep(_TELL_EVERY_S)
                self.tell()
        finally:
            self.tell()
