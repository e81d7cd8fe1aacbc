"""The parameters of a statement: where each bound value comes from and how it is made fit for PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from customer.errors import InvalidIdentityError
from customer.identity import normalise
from customer.vocabulary import IdentityType
from profile_api.graph.arguments import Reader, Values
from profile_api.graph.request import Caller, ErrorCode, GraphError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_PAGE = 20
LARGEST_PAGE = 500
LIFECYCLE_MODELS = ("relationship",)
_MOST_DAYS = 3650
_LARGEST_BIGINT = 2**63 - 1


def _bad_id(value: object, expected: str) -> GraphError:
    return GraphError(f"not an id of a {expected}: {value!r}", code=ErrorCode.BAD_ID)


def _text(value: Any) -> str:
    text = str(value)
    if "\x00" in text:
        raise GraphError("text may not contain the character U+0000", code=ErrorCode.BAD_ARGUMENT)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise GraphError(
            "text contains a lone surrogate, which is not a character", code=ErrorCode.BAD_ARGUMENT
        ) from error
    return text


def _text_list(value: Any) -> str:
    """An array literal: a list travels as one text, so that requests can be batched as arrays of scalars."""
    return "{" + ",".join('"' + _text(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value) + "}"


def number_of_id(prefix: str, kind: str) -> Callable[[Any], int]:
    """Reads `cus_123` as 123."""

    def read(value: Any) -> int:
        text = str(value)
        digits = text.removeprefix(prefix)
        if not text.startswith(prefix) or not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
            raise _bad_id(value, kind)
        number = int(digits)
        if number > _LARGEST_BIGINT:
            raise _bad_id(value, kind)
        return number

    return read


def _identity(value: Any) -> str:
    """The normalised value of an identifier; one that nobody can have is simply not found."""
    try:
        return normalise(IdentityType(value["type"]), _text(value["value"]))
    except InvalidIdentityError:
        return ""


def _spellings(value: Any) -> str:
    """A text as the identifiers it may be: as typed, as an e-mail address, as a phone number."""
    text = _text(value).strip()
    spellings = {text}
    for kind in (IdentityType.EMAIL, IdentityType.PHONE):
        try:
            spellings.add(normalise(kind, text))
        except InvalidIdentityError:
            continue
    return _text_list(sorted(spelling for spelling in spellings if spelling))


def _count(value: Any) -> int:
    if not 0 <= value <= LARGEST_PAGE:
        raise GraphError(
            f"first and last must be between 0 and {LARGEST_PAGE}, found {value}; ask for the next page with `after`",
            code=ErrorCode.BAD_ARGUMENT,
        )
    return int(value)


def _days(value: Any) -> int:
    if not 0 <= value <= _MOST_DAYS:
        raise GraphError(f"days must be between 0 and {_MOST_DAYS}, found {value}", code=ErrorCode.BAD_ARGUMENT)
    return int(value)


def _lifecycle_model(value: Any) -> str:
    """The name of a stage model; a name nobody computes is an error rather than a customer without a stage."""
    if value not in LIFECYCLE_MODELS:
        raise GraphError(
            f"there is no lifecycle model {value!r}; there is: {', '.join(LIFECYCLE_MODELS)}",
            code=ErrorCode.BAD_ARGUMENT,
        )
    return str(value)


def _touchpoint_key(position: int) -> Callable[[Any], int]:
    """Reads one half of `evt_<customer>_<event>`."""

    def read(value: Any) -> int:
        halves = str(value).removeprefix("evt_").split("_")
        if len(halves) != 2:
            raise _bad_id(value, "touchpoint")
        return number_of_id("", "touchpoint")(halves[position])

    return read


def _entities(value: Any) -> str:
    """The representations a router sent as rows of place, type and key; one that is malformed is an error."""
    rows = []
    for place, representation in enumerate(value):
        type_name = representation.get("__typename") if isinstance(representation, Mapping) else None
        read = _ENTITY_KEYS.get(str(type_name))
        if read is None or "id" not in representation:
            raise GraphError(
                f"a representation needs __typename ({' or '.join(_ENTITY_KEYS)}) and id", code=ErrorCode.BAD_ARGUMENT
            )
        rows.append({"place": place, "type": type_name, "key": read(representation["id"])})
    return msgspec.json.encode(rows).decode()


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Conversion:
    """The PostgreSQL type a value travels as, how the template uses it, and the check and change on the way."""

    type: str
    convert: Callable[[Any], Any]
    cast: str = ""


_ENTITY_KEYS = {"Customer": number_of_id("cus_", "customer"), "Order": number_of_id("ord_", "order")}
CONVERSIONS = {
    "text": Conversion("text", _text),
    "int": Conversion("integer", _same),
    "bigint": Conversion("bigint", _same),
    "count": Conversion("integer", _count),
    "float": Conversion("double precision", float),
    "boolean": Conversion("boolean", _same),
    "instant": Conversion("timestamptz", _same),
    "date": Conversion("date", _same),
    "numeric": Conversion("text", _text, "::numeric"),
    "texts": Conversion("text", _text_list, "::text[]"),
    "customer_id": Conversion("bigint", number_of_id("cus_", "customer")),
    "days": Conversion("integer", _days),
    "lifecycle_model": Conversion("text", _lifecycle_model),
    "event_customer": Conversion("bigint", _touchpoint_key(0)),
    "event_id": Conversion("bigint", _touchpoint_key(1)),
    "entities": Conversion("text", _entities),
    "spellings": Conversion("text", _spellings, "::text[]"),
    "identity": Conversion("text", _identity),
    "order_id": Conversion("bigint", number_of_id("ord_", "order")),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One column of the statement's parameter row."""

    name: str
    type: str
    read: Reader


def cursor_reader(read: Reader, *, tag: str, position: int, types: Sequence[str]) -> Reader:
    """Reads one sort key out of a cursor; a cursor of another connection, ordering or making is an error."""

    def read_key(values: Values) -> Any:
        return cursor_keys(read(values), tag=tag, types=types)[position]

    return read_key


def cursor_keys(cursor: Any, *, tag: str, types: Sequence[str]) -> list[Any]:
    """The sort keys a cursor stands for."""
    head, *keys = str(cursor).split("_")
    if head != tag or len(keys) != len(types):
        raise GraphError(
            "the cursor does not belong to this connection and ordering; use one it returned", code=ErrorCode.BAD_CURSOR
        )
    try:
        return [_key(text, type_) for text, type_ in zip(keys, types, strict=True)]
    except (ValueError, OverflowError) as error:
        raise GraphError(
            "the cursor was altered; use one this connection returned", code=ErrorCode.BAD_CURSOR
        ) from error


def _key(text: str, type_: str) -> Any:
    if not text.isascii() or len(text) > 30:
        raise ValueError(text)
    if type_ == "double precision":
        return float(text)
    number = int(text)
    if abs(number) > _LARGEST_BIGINT:
        raise ValueError(text)
    return EPOCH + timedelta(microseconds=number) if type_ == "timestamptz" else number


def bind(parameters: Sequence[Parameter], values: Values, caller: Caller, now: datetime) -> tuple[Any, ...]:
    """The values of one request in the order of the plan's parameters; tenant and instant come first."""
    return (caller.tenant_id, now, *[parameter.read(values) for parameter in parameters])
