"""How a field of the schema says where its value comes from: the vocabulary the planner compiles.

SQL in a source is a template. `{name}` stands for the alias of a join the row's type declares; `{row}` for the row
itself; `{members}` for the records that make up the person of that row; `{table:event}` for a table already limited
to the caller's tenant; `{arg:first}` for a bound argument of the field; `{now}`, `{as_of}` and `{known_at}` for the
instants of the request.
Looking back, `{before:ordered_at}` keeps the facts of before both instants, `{known:received_at}` those known by then,
`{by_then:effective_at}` those that had come about, and `{invalid_at:placed}` is when an order ceased to count, as far
as that was known; `then` replaces the SQL of a source that is not right at another instant.
A table can be named in no other way, so no statement can leave the tenant out.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NoReturn, Protocol, TypeVar, cast

import strawberry

from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import Scope


class Kind(Enum):
    """How a value is written as JSON."""

    TEXT = auto()  # any text, escaped
    WORD = auto()  # text known to need no escaping: enum words, numbers as text, our own ids
    NUMBER = auto()  # an integer, or a finite number in JSON's own notation
    FLOAT = auto()  # double precision, written in full; NaN and infinities become errors
    BOOLEAN = auto()
    INSTANT = auto()  # timestamptz
    DATE = auto()
    JSON = auto()  # jsonb, as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A row beside a type's own row, joined once however many fields use it.

    `then` replaces `now` when the request looks from another instant (`asOf`, `knownAt`); without it the same row
    is right at any instant.
    """

    now: str
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A leaf: one SQL expression."""

    sql: str
    kind: Kind
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A leaf known without asking the database."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """An object made of the same row; null where `present` is false. `binds` gives its fields further {names}."""

    present: str | None = None
    binds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A whole `select`: at most one row for an object field, all its rows in their order for a list field.

    With `looks_from`, what is inside is seen from the instants of the field's arguments `asOf` and `knownAt`.
    """

    sql: str
    then: str | None = None
    looks_from: bool = False
    type: str | None = None  # the rows' type, where the field's own says less
    scope: Scope | None = None  # needed beside the field's own
    personal: PersonalData | None = None  # the rows are found by personal data


@dataclass(frozen=True, slots=True)
class SortKey:
    """One figure that orders a connection; `type` is its PostgreSQL type: timestamptz, bigint or float8.

    `column` is its name on the page's rows, where the SQL that computes it is out of reach.
    """

    sql: str
    type: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A total order and the rows it walks over: the keys end with a unique one and share one direction.

    `then` replaces `rows` when the request looks from another instant, as in `Join`.
    """

    rows: str
    keys: tuple[SortKey, ...]
    descending: bool = True
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How many rows a long list has: `sql` makes `total` and `is_exact` of the newest {rows}, {bound} and one."""

    sql: str
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Relay connection over an ordering's rows, a `select` with the holes {where}, {order}, {limit} and {joins}.

    `joins` may be used by the filters and keys, inside the page. `filters` maps an argument (or `argument.field` of
    an input object) to the predicate it adds when it is given. `orderings` replaces rows and keys by the value of
    the argument `orderBy`. Without an `estimate` the rows are counted to the last.
    """

    ordering: Ordering
    tag: str
    joins: Mapping[str, Join] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    orderings: Mapping[str, Ordering] = field(default_factory=dict)
    estimate: Estimate | None = None


class Given(Protocol):
    """What a choice may ask of a field's arguments. Each answer shapes the plan."""

    def has(self, path: str) -> bool:
        """Whether the argument (or `argument.field`) is given and not null."""
        ...

    def word(self, path: str) -> Hashable:
        """The value of an enum or Boolean argument."""
        ...

    def of(self, path: str, about: "Callable[[Any], Hashable]") -> Hashable:
        """Something about the value, one of few possible answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A source chosen by which arguments are given."""

    choose: "Callable[[Given], Source]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """An object of the row around it whose predictions are made anew; they are spliced in after the statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedBack:
    """An object of the row, as `Embedded` with `present`; from another instant it is read over rows computed for it."""

    present: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """What a federation router asks for: objects of several types by their keys, in the order asked."""

    rows: Mapping[str, str]  # type name → its rows by {key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A mutation: its argument `input` is written first, its payload is read afterwards."""


Source = Value | Constant | Embedded | Rows | Page | Choice | Live | LookedBack | Entities | Write


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeWord:
    """How the rows of an interface or union tell their type: `sql` yields a word, `words` lists those of each type."""

    sql: str
    words: Mapping[str, tuple[str, ...]]


Declared = TypeVar("Declared")

SOURCE = "source"
SCOPE = "scope"
PERSONAL = "personal"
JOINS = "joins"


def planned(
    source: Source | None,
    description: str,
    *,
    scope: Scope | None = None,
    personal: PersonalData | None = None,
    deprecated: str | None = None,
) -> Any:
    """A field read by the planner. Connections, edges and page information are known by their names: no source.

    Reading a field that is `personal` leaves a trail. `deprecated` says what to use instead; it goes on answering.
    """
    metadata = {SOURCE: source, SCOPE: scope, PERSONAL: personal}
    return strawberry.field(description=description, deprecation_reason=deprecated, metadata=metadata)


def planned_call(
    source: Source,
    description: str,
    *,
    scope: Scope | None = None,
    personal: PersonalData | None = None,
    deprecated: str | None = None,
) -> Callable[[Callable[..., Declared]], Declared]:
    """A field with arguments read by the planner, as `planned`: decorates the signature that declares them."""

    def declare(signature: Callable[..., Declared]) -> Declared:
        declared: Any = strawberry.field(
            resolver=signature,
            description=description,
            deprecation_reason=deprecated,
            metadata={SOURCE: source, SCOPE: scope, PERSONAL: personal},
        )
        return cast("Declared", declared)

    return declare


def unresolved() -> NoReturn:
    """The body of a planned field with arguments: there is no resolver, the signature only declares it."""
    raise NotImplementedError("fields of the read side are planned, never resolved")


def as_text(sql: str, *, then: str | None = None) -> Value:
    return Value(sql=sql, kind=Kind.TEXT, then=then)


def as_word(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.WORD)


def as_number(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.NUMBER)


def as_float(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.FLOAT)


def as_boolean(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.BOOLEAN)


def as_instant(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.INSTANT)


def as_date(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.DATE)


def as_json(sql: str) -> Value:
    return Value(sql=sql, kind=Kind.JSON)
