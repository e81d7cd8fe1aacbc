"""The custom scalars: how each is read from a request and what it looks like in an answer."""

from datetime import UTC, date, datetime
from decimal import Decimal as Exact
from decimal import InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema

DateTime = NewType("DateTime", datetime)
Date = NewType("Date", date)
Decimal = NewType("Decimal", str)
Json = NewType("Json", object)

SCALARS: dict[object, Any] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO 8601 with offset: `2026-03-02T09:30:12.984+00:00`. Answers are in UTC.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
    ),
    Date: strawberry.scalar(name="Date", description="A calendar day in the company's time zone, `2026-03-02`."),
    Decimal: strawberry.scalar(
        name="Decimal", description='An exact decimal number as a string, `"64.00"`: no digit is lost to a float.'
    ),
    Json: strawberry.scalar(name="JSON", description="Any JSON value, as the source gave it."),
}


def parse_instant(value: object) -> datetime:
    """Reads an ISO 8601 instant; one without offset is refused, since no zone can be assumed."""
    if not isinstance(value, str):
        raise GraphQLError(f"DateTime must be an ISO 8601 string, found {value!r}")
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"DateTime must be an ISO 8601 string, found {value!r}") from error
    if parsed.tzinfo is None:
        raise GraphQLError(f"DateTime needs an offset such as Z or +01:00, found {value!r}")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise GraphQLError(f"DateTime is out of range: {value!r}") from error


def parse_date(value: object) -> date:
    """Reads an ISO 8601 calendar day."""
    if not isinstance(value, str):
        raise GraphQLError(f"Date must be a string such as 2026-03-02, found {value!r}")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"Date must be a string such as 2026-03-02, found {value!r}") from error


def parse_decimal(value: object) -> str:
    """Reads an exact decimal from a string or an integer."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InvalidOperation
        exact = Exact(value)
        if not exact.is_finite() or len(exact.as_tuple().digits) > 30 or abs(exact.adjusted()) > 30:
            raise InvalidOperation
    except InvalidOperation as error:
        raise GraphQLError(f'Decimal must be a string such as "64.00", found {value!r}') from error
    return format(exact, "f")


_PARSERS = {"DateTime": parse_instant, "Date": parse_date, "Decimal": parse_decimal}


def install_parsers(schema: GraphQLSchema) -> None:
    """Teaches a schema built from SDL to read our scalars from variables and literals."""
    for name, parse in _PARSERS.items():
        scalar = schema.type_map.get(name)
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = parse  # variables, and literals once they are read as plain values
