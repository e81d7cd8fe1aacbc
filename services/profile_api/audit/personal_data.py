"""The kinds of personal data, and how an answer says whose it holds."""

from collections.abc import Collection
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class PersonalData(StrEnum):
    """A group of fields that say who a customer is, what they said, or that find them by it."""

    NAME = "NAME"
    ADDRESS = "ADDRESS"
    AGE = "AGE"
    IDENTIFIERS = "IDENTIFIERS"
    TRAITS = "TRAITS"
    SOURCE_RECORDS = "SOURCE_RECORDS"
    TOUCHPOINT_DETAILS = "TOUCHPOINT_DETAILS"
    WORDS = "WORDS"  # subjects and comments, as they were written
    LOOK_UP = "LOOK_UP"  # found by an identifier somebody had
    SEARCH = "SEARCH"  # found by a name or identifier somebody typed


class PersonalDataRead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation that touched personal data."""

    tenant_id: int
    at: datetime
    caller: str
    roles: Collection[str]
    operation: str | None
    trace_id: str
    customers: Collection[int]
    read: Collection[str]
    withheld: Collection[str]


trace_id: ContextVar[bytes] = ContextVar("trace_id", default=b"")
"""The W3C trace of the request under way, which the edge sets."""

# Around the number of whoever the object after it is about. JSON escapes control characters, so no value holds one.
PERSON_MARK: Final = "\x02"
_MARK: Final = PERSON_MARK.encode()


def without_marks(text: bytes) -> tuple[bytes, set[int]]:
    """The answer as it may be sent, and the persons it is about."""
    pieces = text.split(_MARK)
    if len(pieces) == 1:
        return text, set()
    if len(pieces) == 3:
        return pieces[0] + pieces[2], {int(pieces[1])}
    return b"".join(pieces[::2]), {int(piece) for piece in pieces[1::2]}
