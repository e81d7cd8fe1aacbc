"""When a value can identify somebody, how it is spelled then, and how many of each kind one person may have."""

import re
from dataclasses import dataclass
from datetime import timedelta

from customer.errors import InvalidIdentityError
from customer.vocabulary import IdentityType

BLOCKED_PATTERN = (
    r"^([0-]*|-1|null|none|nil|nan|na|n/a|undefined|unknown|inconnu|anonymous|anonyme|guest|test|true|false"
    r"|\[object object\])$"
)
"""Placeholders that software writes where an identifier is missing; lower case, valid in PostgreSQL and DuckDB too."""

_BLOCKED = re.compile(BLOCKED_PATTERN)
_BLOCKED_EMAILS = re.compile(r"^(no-?reply|none|null|unknown|anonymous)@|@localhost$")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"^[^@\s\"(),:;<>\[\\\]]{{1,64}}@({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])$")
_E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
_MAX_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLimit:
    """How many values of a type one person may gain within the window; None means ever."""

    count: int
    window: timedelta | None


LIMITS: dict[IdentityType, IdentityLimit] = {
    IdentityType.USER_ID: IdentityLimit(count=1, window=None),
    IdentityType.EMAIL: IdentityLimit(count=5, window=timedelta(days=365)),
    IdentityType.ANONYMOUS_ID: IdentityLimit(count=5, window=timedelta(days=7)),
}
DEFAULT_LIMIT = IdentityLimit(count=5, window=None)

PRIORITY: tuple[IdentityType, ...] = (
    IdentityType.USER_ID,
    IdentityType.EMAIL,
    IdentityType.ACCOUNT,
    IdentityType.EXTERNAL,
    IdentityType.LOYALTY_CARD,
    IdentityType.PHONE,
    IdentityType.ORDER_ID,
    IdentityType.ANONYMOUS_ID,
    IdentityType.DEVICE_ID,
)
"""Whose word counts when identifiers disagree, strongest first; what several people may share comes last."""


def limit_of(identity_type: IdentityType) -> IdentityLimit:
    return LIMITS.get(identity_type, DEFAULT_LIMIT)


def is_blocked(value: str) -> bool:
    """Whether the value is a placeholder rather than somebody's identifier."""
    lowered = value.strip().lower()
    return bool(_BLOCKED.match(lowered) or _BLOCKED_EMAILS.search(lowered))


def normalise(identity_type: IdentityType, value: str) -> str:
    """The one spelling under which a value is kept. Errors: InvalidIdentityError.

    E-mail addresses are lower-cased whole, as every large provider treats them; a phone number must be in E.164
    already. Other types only lose surrounding spaces: their letters may differ in case for different people.
    """
    stripped = value.strip()
    if not stripped:
        raise InvalidIdentityError(identity_type=identity_type, problem="it is empty")
    if len(stripped) > _MAX_LENGTH:
        raise InvalidIdentityError(identity_type=identity_type, problem=f"it is longer than {_MAX_LENGTH} characters")
    if "\x00" in stripped:
        raise InvalidIdentityError(identity_type=identity_type, problem="it contains a null character")
    if is_blocked(stripped):
        raise InvalidIdentityError(identity_type=identity_type, problem="it is a placeholder that many records share")
    if identity_type is IdentityType.EMAIL:
        return _email(stripped)
    if identity_type is IdentityType.PHONE:
        return _phone(stripped)
    return stripped


def _email(value: str) -> str:
    address = value.lower().removeprefix("mailto:")
    if not _EMAIL.match(address):
        raise InvalidIdentityError(identity_type=IdentityType.EMAIL, problem="it is not of the form name@domain.tld")
    return address


def _phone(value: str) -> str:
    digits = re.sub(r"[\s().\-/\u00a0]", "", value)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not _E164.match(digits):
        raise InvalidIdentityError(
            identity_type=IdentityType.PHONE, problem="it is not an international number such as +33612345678"
        )
    return digits
