"""The rows a plan walks over: aliases, the joins beside them, and templates turned into SQL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from profile_api.graph.arguments import Arguments, Reader, converted
from profile_api.graph.parameters import CONVERSIONS, Parameter
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.sources import Join
from profile_api.graph.tables import TENANT, guarded, people_known

_HOLE = re.compile(r"\{([a-z_]+)(?::([A-Za-z_.]+))?(?::([a-z_]+))?\}")
_NAKED_TABLE = re.compile(r"\b(?:from|join)\s+(?:only\s+)?([a-z_][a-z_0-9]*)\b(?!\s*\()", re.IGNORECASE)
_CTE = re.compile(r"\b([a-z_]+)(?: \([a-z_, ]+\))? as (?:materialized )?\(")
_NOT_TABLES = frozenset({"lateral", "unnest", "p"})
NOW = "p.now"


_Hole = tuple[str, str, str]  # name, detail, conversion


class TemplateError(GraphError):
    """A source's SQL template cannot be expanded."""

    def __init__(self, problem: str, template: str) -> None:
        super().__init__(f"{problem} in the source {template!r}", code=ErrorCode.INTERNAL)


@lru_cache(maxsize=4096)  # far more than the schema has
def _pieces(template: str) -> tuple[str | _Hole, ...]:
    """A template's text and holes by turns, once it is known to name no table without its tenant."""
    own = _NOT_TABLES | set(_CTE.findall(template))
    naked = [name for name in _NAKED_TABLE.findall(template) if name not in own]
    if naked:
        raise TemplateError(f"table {naked[0]!r} is named without {{table:…}}", template)
    pieces: list[str | _Hole] = []
    end = 0
    for hole in _HOLE.finditer(template):
        pieces += [template[end : hole.start()], (hole[1], hole[2] or "", hole[3] or "")]
        end = hole.end()
    return (*pieces, template[end:])


class ParameterSet:
    """The bound values of one statement; the same argument read twice travels once."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self._names: dict[object, str] = {}

    def add(self, read: Reader, type_: str, *, key: object) -> str:
        """The SQL name of a value to be bound at every request. `key` identifies the value and its conversion."""
        name = self._names.get(key)
        if name is None:
            name = f"a{len(self.parameters)}"
            self._names[key] = name
            self.parameters.append(Parameter(name, type_, read))
        return f"p.{name}"

    def add_named(self, name: str, type_: str, read: Reader) -> None:
        """A value that templates may call `p.<name>`."""
        self.parameters.append(Parameter(name, type_, read))


@dataclass(slots=True)
class Row:
    """One row of a `from` list; `joined` maps the SQL of a join to its alias and stays in the order of need."""

    alias: str
    joins: Mapping[str, Join] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    fixed: dict[tuple[str, str | None, str | None], str] = field(default_factory=dict)  # of joins without arguments

    def from_joins(self) -> str:
        return "".join(f" {sql.replace('{self}', alias)}" for sql, alias in self.joined.items())


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a field is compiled: its row, the rows and arguments around it, and the instant it looks from."""

    row: Row | None = None
    arguments: Arguments | None = None
    parent: "Frame | None" = None
    as_of: str | None = None  # SQL; None: now, everything known
    known_at: str | None = None
    binds: Mapping[str, str] = field(default_factory=dict)

    @property
    def looks_back(self) -> bool:
        return self.as_of is not None or self.known_at is not None

    def told(self, now: str, then: str | None) -> str:
        """Which of two templates is right at the instant looked from; without `then` the same one always is."""
        return then if self.looks_back and then is not None else now

    def inside(self, *, row: Row | None = None, arguments: Arguments | None = None) -> "Frame":
        """The frame of what is nested in this one."""
        return Frame(row or self.row, arguments, self, self.as_of, self.known_at)

    def argument(self, name: str) -> Arguments | None:
        """The nearest arguments, going outwards, that declare this one."""
        frame: Frame | None = self
        while frame is not None:
            if frame.arguments is not None and name in frame.arguments:
                return frame.arguments
            frame = frame.parent
        return None


class Templates:
    """Expands templates for one plan: hands out aliases and collects parameters.

    `instead` names rows that stand in for a table: those a statement was given rather than those that are stored.
    """

    def __init__(self, instead: Mapping[str, str] | None = None) -> None:
        self.parameters = ParameterSet()
        self._instead = instead or {}
        self._aliases = 0

    def alias(self) -> str:
        self._aliases += 1
        return f"r{self._aliases}"

    def expand(self, template: str, frame: Frame, **holes: str) -> str:
        """The template as SQL, its joins added to the frame's row."""
        filled = (
            piece if isinstance(piece, str) else self._fill(piece, template, frame, holes)
            for piece in _pieces(template)
        )
        return "".join(filled)

    def _fill(self, hole: _Hole, template: str, frame: Frame, holes: Mapping[str, str]) -> str:
        name, detail, conversion = hole
        if name in holes:
            return holes[name]
        match name:
            case "table":
                if frame.known_at and detail == "customer":
                    return people_known(frame.known_at)
                return self._instead.get(detail) or guarded(detail)
            case "arg":
                return self._argument(detail, conversion or "text", template, frame)
            case "now":
                return NOW
            case "tenant":
                return TENANT
            case "as_of":
                return frame.as_of or NOW
            case "before":  # a fact's own instants: only what had happened, and was known, then
                return self._before(detail if "." in detail else f"{holes['item']}.{detail}", frame)
            case "by_then":  # an instant from which something holds: those of after are not told
                instant = _on_row(detail, frame)
                return f"{instant} < {frame.as_of}" if frame.as_of else f"{instant} <= {NOW}"
            case "known":  # an instant at which something became known: only what was, then
                return f" and {_on_row(detail, frame)} < {frame.known_at}" if frame.known_at else ""
            case "known_at":
                return frame.known_at or NOW
            case "invalid_at":  # when an order ceased to count, as far as that was known then
                return _invalid_at(_on_row(detail, frame), frame)
            case "row" if frame.row is not None:
                return frame.row.alias
            case "members" if frame.row is not None:
                return _members(frame.row.alias, frame)
            case "self":
                return "{self}"
        binding: Frame | None = frame
        while binding is not None:
            if name in binding.binds:
                return self.expand(binding.binds[name], binding)
            binding = binding.parent
        return self._joined(name, template, frame)

    def _before(self, prefix: str, frame: Frame) -> str:
        """`{before:ordered_at}`: the conditions on the instant of a fact, and on `received_at` of the same row."""
        row = prefix.partition(".")[0]
        conditions = []
        if frame.as_of:
            conditions.append(f" and {prefix} < {frame.as_of}")
        if frame.known_at:
            conditions.append(f" and {row}.received_at < {frame.known_at}")
        return "".join(conditions)

    def _argument(self, path: str, conversion_name: str, template: str, frame: Frame) -> str:
        arguments = frame.argument(path.partition(".")[0])
        if arguments is None:
            raise TemplateError(f"no argument {path!r} around", template)
        conversion = CONVERSIONS[conversion_name]
        read = converted(arguments.reader(path), conversion.convert)
        name = self.parameters.add(read, conversion.type, key=(id(arguments), path, conversion_name))
        return f"{name}{conversion.cast}"

    def _joined(self, name: str, template: str, frame: Frame) -> str:
        outer: Frame | None = frame
        while outer is not None:
            row = outer.row
            if row is not None and name in row.joins:
                reached = Frame(row, frame.arguments, frame.parent, frame.as_of, frame.known_at, frame.binds)
                return self._join(row, row.joins[name], reached)
            outer = outer.parent
        raise TemplateError(f"nothing is called {{{name}}}", template)

    def _join(self, row: Row, join: Join, frame: Frame) -> str:
        template = frame.told(join.now, join.then)
        key = (template, frame.as_of, frame.known_at)
        alias = row.fixed.get(key)
        if alias is not None:
            return alias
        sql = self.expand(template, frame)
        if sql not in row.joined:
            row.joined[sql] = self.alias()
        if "{arg:" not in template:
            row.fixed[key] = row.joined[sql]
        return row.joined[sql]


def _on_row(detail: str, frame: Frame) -> str:
    """`row` and `row.column` of a hole's detail, by the row's alias."""
    head, dot, rest = detail.partition(".")
    return f"{frame.row.alias}{dot}{rest}" if head == "row" and frame.row is not None else detail


def _members(person: str, frame: Frame) -> str:
    """The ids of the records that make up a person: as a rule their own row's, without another look."""
    if frame.known_at:
        return f"(select known.id from {people_known(frame.known_at)} known where known.root_id = {person}.id)"
    absorbed = f"{guarded('customer')} absorbed where absorbed.root_id = {person}.id and {person}.absorbs"
    return f"(select {person}.id where not {person}.absorbs union all select absorbed.id from {absorbed})"


def _invalid_at(order: str, frame: Frame) -> str:
    if not frame.known_at:
        return f"{order}.invalid_at"
    learnt = f"coalesce({order}.invalid_received_at, {order}.received_at) < {frame.known_at}"
    return (
        f"(case when {order}.invalid_at is null or {learnt} then {order}.invalid_at"
        f" else order_invalid_at({order}.id, {frame.known_at}) end)"
    )
