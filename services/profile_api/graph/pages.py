"""Compiles Relay connections: keyset pages in both directions, cursors, and what is known beyond the page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type

from profile_api.graph.arguments import Arguments
from profile_api.graph.parameters import DEFAULT_PAGE, cursor_reader
from profile_api.graph.rendering import Expression, Part, concatenated, constant_part, listed_parts, object_parts
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.rows import Frame, Row
from profile_api.graph.sources import Ordering, Page

if TYPE_CHECKING:
    from profile_api.graph.planner import Planner
    from profile_api.graph.selections import Selections

_MADE_HERE = {"place", "sort_value"}  # columns of a page's rows that are no table's
_CURSOR_TYPES = {"timestamptz": "timestamptz", "bigint": "bigint", "float8": "double precision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One page being compiled: where it starts, which way it goes and how far."""

    planner: "Planner"
    page: Page
    ordering: Ordering
    tag: str
    arguments: Arguments
    frame: Frame
    row: Row
    inner: Row
    backward: bool
    size: str  # SQL of `first` or `last`

    @property
    def inside(self) -> Frame:
        """The frame of filters and keys, whose joins are made inside the page."""
        return replace(self.frame, row=self.inner, parent=self.frame)

    def keys(self) -> list[str]:
        return [self.planner.templates.expand(key.sql, self.inside, item=self.row.alias) for key in self.ordering.keys]

    def read_keys(self) -> list[str]:
        """The keys as columns of the finished page's rows."""
        return [(key.column or key.sql).replace("{item}", self.row.alias) for key in self.ordering.keys]

    def in_order(self, *, reverse: bool = False) -> str:
        """The connection's order. In the keys' own words, so that PostgreSQL sees when the rows already come in it."""
        direction = "desc" if self.ordering.descending != reverse else "asc"
        return ", ".join(f"{key} {direction}" for key in self.read_keys())

    @property
    def is_reordered(self) -> bool:
        """Whether aggregates must say their order: else rows come to them as the page yields them."""
        return self.backward or bool(self.row.joined)

    def cursor(self, keys: Sequence[str] | None = None) -> str:
        """The cursor of a row, or of the row with these keys: null without one."""
        written = [
            f"(extract(epoch from {sql}) * 1000000)::bigint" if key.type == "timestamptz" else sql
            for key, sql in zip(self.ordering.keys, keys or self.read_keys(), strict=True)
        ]
        pieces = " || '_' || ".join(written)
        return f"('\"{self.tag}_' || {pieces} || '\"')"

    def beyond(self, argument: str, *, after: bool, inclusive: bool = False) -> str:
        """The condition that a row lies after (or before) the cursor in `argument`, in the connection's order."""
        read = self.arguments.reader(argument)
        types = [_CURSOR_TYPES[key.type] for key in self.ordering.keys]
        values = [
            self.planner.templates.parameters.add(
                cursor_reader(read, tag=self.tag, position=position, types=types),
                type_,
                key=(id(self.arguments), argument, "cursor", position),
            )
            for position, type_ in enumerate(types)
        ]
        comparison = ("<" if after == self.ordering.descending else ">") + ("=" if inclusive else "")
        return f" and ({', '.join(self.keys())}) {comparison} ({', '.join(values)})"

    def within(self) -> str:
        """The conditions of `after` and `before`."""
        conditions = []
        if self.planner.probes.given(self.arguments, "after"):
            conditions.append(self.beyond("after", after=True))
        if "before" in self.arguments and self.planner.probes.given(self.arguments, "before"):
            conditions.append(self.beyond("before", after=False))
        return "".join(conditions)

    def filters(self) -> str:
        return "".join(
            f" and {self.planner.templates.expand(predicate, self.inside, item=self.row.alias)}"
            for path, predicate in self.page.filters.items()
            if self.planner.probes.given(self.arguments, path)
        )

    def rows(self, *, where: str, limit: str, reverse: bool, used_by: str = "", order: str | None = None) -> str:
        """The page as a `select`. `where` comes first: what it joins must be known by then.

        It yields the keys and what `used_by` uses, no more: each step would copy every other column, too.
        """
        direction = "desc" if self.ordering.descending != reverse else "asc"
        keys = self.keys()
        then = self.ordering.then if self.frame.looks_back else None
        item = self.row.alias
        used = set(re.findall(rf"\b{item}\.([a-z_0-9]+)", " ".join([used_by, *keys]))) - _MADE_HERE
        return self.planner.templates.expand(
            then or self.ordering.rows,
            self.frame,
            item=item,
            columns=", ".join(f"{item}.{column}" for column in sorted(used)),
            where=where,
            order=order or ", ".join(f"{key} {direction}" for key in keys),
            limit=limit,
            joins=self.inner.from_joins(),
            sort=keys[0],
        )

    def exists(self, where: str, *, reverse: bool) -> str:
        rows = self.rows(where=where + self.filters(), limit="1", reverse=reverse)
        return f"exists({rows})::text"


def compile_page(
    planner: "Planner", page: Page, field: GraphQLField, selections: "Selections", frame: Frame, path: str
) -> Part:
    """The connection as one aggregate over one page of rows."""
    walk = _walk(planner, page, field, frame)
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType)  # noqa: S101
    fields = planner.collect(connection, selections)
    names = {nodes[0].name.value for nodes in fields.values()}
    peeks = "pageInfo" in names
    pairs: list[tuple[str, Sequence[Part]]] = []
    for key, nodes in fields.items():
        pairs.append((key, _member(walk, connection, nodes, peeks=peeks, path=f"{path}.{key}")))
    if not names & {"edges", "nodes", "pageInfo"}:
        return Expression(concatenated(object_parts(pairs)))
    limit = f"{walk.size} + 1" if peeks else walk.size
    finished, joins = concatenated(object_parts(pairs)), walk.row.from_joins()
    rows = walk.rows(
        where=walk.within() + walk.filters(), limit=limit, reverse=walk.backward, used_by=f"{finished} {joins}"
    )
    alias = walk.row.alias
    if peeks:
        rows = f"select {alias}.*, row_number() over () as place from ({rows}) {alias}"
    # `having` for one row, even when nothing asked for needs an aggregate.
    return Expression(f"(select {finished} from ({rows}) {alias}{joins} having true)")


def _walk(planner: "Planner", page: Page, field: GraphQLField, frame: Frame) -> _Walk:
    arguments = frame.arguments
    assert arguments is not None  # noqa: S101
    backward = "last" in arguments and planner.probes.given(arguments, "last")
    forward = planner.probes.given(arguments, "first")
    if backward and forward:
        raise GraphError("give `first` or `last`, not both", code=ErrorCode.BAD_ARGUMENT)
    size = str(DEFAULT_PAGE)
    if backward or forward:
        size = planner.templates.expand(f"{{arg:{'last' if backward else 'first'}:count}}", frame)
    ordering, tag = page.ordering, page.tag
    if page.orderings and planner.probes.given(arguments, "orderBy"):
        word = str(planner.probes.word(arguments, "orderBy.field"))
        descending = planner.probes.word(arguments, "orderBy.direction") != "ASC"
        ordering = replace(page.orderings[word], descending=descending)
        tag = f"{page.tag}{word.lower().replace('_', '')}{'d' if descending else 'a'}"
    edge = planner.edge_node_type(get_named_type(field.type))
    row = Row(planner.templates.alias(), planner.catalogue.joins(edge.name))
    return _Walk(
        planner=planner, page=page, ordering=ordering, tag=tag, arguments=arguments, frame=frame, row=row,
        inner=Row(row.alias, page.joins), backward=backward, size=size,
    )  # fmt: skip


def _member(
    walk: _Walk, connection: GraphQLObjectType, nodes: list[FieldNode], *, peeks: bool, path: str
) -> Sequence[Part]:
    selections = [node.selection_set for node in nodes if node.selection_set is not None]
    match nodes[0].name.value:
        case "__typename":
            return [constant_part(connection.name)]
        case "edges":
            edge = get_named_type(connection.fields["edges"].type)
            assert isinstance(edge, GraphQLObjectType)  # noqa: S101
            item = concatenated(_edge(walk, edge, selections, path))
            return _listed(walk, item, peeks=peeks)
        case "nodes":
            item = concatenated(_node(walk, connection.fields["nodes"], selections, path))
            return _listed(walk, item, peeks=peeks)
        case "pageInfo":
            return _page_info(walk, connection, selections)
        case "totalCount":
            return [Expression(_count(walk, "total"))]
        case "totalCountIsExact":
            return [Expression(_count(walk, "is_exact"))]
        case other:
            raise GraphError(f"{connection.name}.{other} declares no source", code=ErrorCode.INTERNAL)


def _listed(walk: _Walk, item: str, *, peeks: bool) -> Sequence[Part]:
    order = f" order by {walk.in_order()}" if walk.is_reordered else ""
    only = f" filter (where {walk.row.alias}.place <= {walk.size})" if peeks else ""
    return listed_parts(f"string_agg({item}, ','{order}){only}")


def _edge(walk: _Walk, edge: GraphQLObjectType, selections: "Selections", path: str) -> list[Part]:
    pairs: list[tuple[str, Sequence[Part]]] = []
    for key, nodes in walk.planner.collect(edge, selections).items():
        inner = [node.selection_set for node in nodes if node.selection_set is not None]
        match nodes[0].name.value:
            case "cursor":
                pairs.append((key, [Expression(walk.cursor())]))
            case "node":
                pairs.append((key, _node(walk, edge.fields["node"], inner, f"{path}.{key}")))
            case _:
                pairs.append((key, [constant_part(edge.name)]))
    return object_parts(pairs)


def _node(walk: _Walk, field: GraphQLField, selections: "Selections", path: str) -> Sequence[Part]:
    named = get_named_type(field.type)
    return walk.planner.composite_parts(named, selections, walk.frame.inside(row=walk.row), path)


def _page_info(walk: _Walk, connection: GraphQLObjectType, selections: "Selections") -> Sequence[Part]:
    info = get_named_type(connection.fields["pageInfo"].type)
    assert isinstance(info, GraphQLObjectType)  # noqa: S101
    writers: dict[str, Callable[[], str]] = {
        "hasNextPage": lambda: _has(walk, ahead=True),
        "hasPreviousPage": lambda: _has(walk, ahead=False),
        "startCursor": lambda: _bound_cursor(walk, last=walk.backward),
        "endCursor": lambda: _bound_cursor(walk, last=not walk.backward),
    }
    pairs: list[tuple[str, Sequence[Part]]] = []
    for key, nodes in walk.planner.collect(info, selections).items():
        write = writers.get(nodes[0].name.value)
        pairs.append((key, [Expression(write())] if write else [constant_part(info.name)]))
    return object_parts(pairs)


def _has(walk: _Walk, *, ahead: bool) -> str:
    """Whether rows lie beyond the page: the one row more on the side we walk to, one look on the other."""
    if ahead != walk.backward:
        return f"(count(*) > {walk.size})::text"
    argument = "before" if ahead else "after"
    if argument not in walk.arguments or not walk.planner.probes.given(walk.arguments, argument):
        return "'false'"
    return walk.exists(walk.beyond(argument, after=ahead, inclusive=True), reverse=not ahead)


def _bound_cursor(walk: _Walk, *, last: bool) -> str:
    place = f"least(count(*), {walk.size})::int" if last else f"least(1, {walk.size})"
    order = f" order by {walk.in_order(reverse=walk.backward)}" if walk.is_reordered else ""
    keys = [f"(array_agg({key}{order}))[{place}]" for key in walk.read_keys()]
    return f"coalesce({walk.cursor(keys)}, 'null')"


def _count(walk: _Walk, figure: str) -> str:
    """How many rows there are in all: counted, or above the page's bound told by its estimate."""
    estimate = walk.page.estimate
    if estimate is None:
        rows = walk.rows(where=walk.filters(), limit="all", reverse=False)
        return f"(select count(*)::text from ({rows}) counted)"
    order = f"{walk.row.alias}.id desc"
    rows = walk.rows(where=walk.filters(), limit=str(estimate.bound + 1), reverse=False, order=order)
    told = walk.planner.templates.expand(estimate.sql, walk.frame, rows=rows, bound=str(estimate.bound))
    return f"(select told.{figure}::text from ({told}) told)"
