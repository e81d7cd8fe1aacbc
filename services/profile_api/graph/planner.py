"""Compiles one validated operation into one SQL expression that yields its whole `data` as JSON text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_non_null_type,
    is_object_type,
)

from profile_api.graph.arguments import NO_ARGUMENTS, Arguments, Values
from profile_api.graph.catalogue import Catalogue
from profile_api.graph.deferred import live_part, then_part
from profile_api.graph.grants import Grants
from profile_api.graph.lists import entities_parts, rows_parts
from profile_api.graph.pages import compile_page
from profile_api.graph.plan import Plan, PlannedThen, PlannedWrite
from profile_api.graph.probes import Given, Probes
from profile_api.graph.rendering import (
    NULL_MARK,
    TYPE_KEY,
    Expression,
    Part,
    concatenated,
    constant_part,
    marked,
    object_parts,
    quoted,
    value_part,
)
from profile_api.graph.request import ErrorCode, GraphError, Scope
from profile_api.graph.rows import Frame, Templates
from profile_api.graph.selections import Collector, Selections
from profile_api.graph.sources import Choice, Embedded, Entities, Live, LookedBack, Page, Rows, Source, Value, Write
from profile_api.graph.sources import Constant as ConstantSource
from profile_api.graph.subscriptions import CHANGE_PARAMETERS
from profile_api.graph.writes import WRITTEN_PARAMETERS


class Planner:
    """Plans one operation for one set of scopes and one shape of variables."""

    def __init__(
        self,
        catalogue: Catalogue,
        fragments: Mapping[str, FragmentDefinitionNode],
        values: Values,
        scopes: frozenset[Scope],
        *,
        typed: bool = False,
        probes: Probes | None = None,
    ) -> None:
        """`typed` adds to objects of an abstract type which one they are, for the full finisher."""
        self._typed = typed
        self._abstract = False
        self.catalogue = catalogue
        self.templates = Templates()
        self.probes = probes or Probes(values)
        self._collector = Collector(catalogue.schema, fragments, self.probes.ask)
        self._fragments = fragments
        self._values = values
        self.grants = Grants(scopes)
        self.live: list[Plan] = []
        self.then: list[PlannedThen] = []
        self._definitions: tuple[VariableDefinitionNode, ...] = ()
        self._arguments: dict[tuple[int, int], Arguments] = {}

    def plan(self, operation: OperationDefinitionNode, *, only: str | None = None) -> Plan:
        """The plan of the operation, or of one of its root fields by response key."""
        root = self.catalogue.root_type(operation.operation)
        if operation.operation is OperationType.SUBSCRIPTION:
            for name, type_, read in CHANGE_PARAMETERS:
                self.templates.parameters.add_named(name, type_, read)
        self._definitions = tuple(operation.variable_definitions or ())
        if operation.operation is OperationType.MUTATION:
            return self._mutation(root, operation.selection_set)
        parts = self.object_parts(root, [operation.selection_set], Frame(), "", only=only)
        return self.planned(parts)

    def planned(self, parts: Sequence[Part]) -> Plan:
        return Plan(
            expression=concatenated(parts) if parts else "'{}'",
            parameters=tuple(self.templates.parameters.parameters),
            masked=self.grants.masked,
            personal=frozenset(self.grants.personal),
            withheld=frozenset(self.grants.withheld),
            live=tuple(self.live),
            then=tuple(self.then),
            abstract=self._abstract,
        )

    def _mutation(self, root: GraphQLObjectType, selection_set: SelectionSetNode) -> Plan:
        writes = []
        for key, nodes in self.collect(root, [selection_set]).items():
            name = nodes[0].name.value
            field = root.fields.get(name)
            if field is None:
                raise GraphError("a mutation cannot ask for __typename", code=ErrorCode.BAD_OPERATION)
            arguments = self._arguments_of(nodes[0], field)
            inner = self.inner()
            for parameter, type_, read in WRITTEN_PARAMETERS:
                inner.templates.parameters.add_named(parameter, type_, read)
            payload = get_named_type(field.type)
            assert isinstance(payload, GraphQLObjectType)  # noqa: S101
            selections = [node.selection_set for node in nodes if node.selection_set is not None]
            parts = inner.object_parts(payload, selections, Frame().inside(arguments=arguments), key)
            writes.append(PlannedWrite(key, name, arguments.reader("input"), inner.planned(parts)))
            self.grants.masked |= inner.grants.masked
        return replace(self.planned([]), writes=tuple(writes))

    def inner(self, instead: Mapping[str, str] | None = None) -> "Planner":
        """A planner for a part that becomes a statement of its own; what shapes the part shapes the whole."""
        inner = Planner(
            self.catalogue, self._fragments, self._values, self.grants.granted, typed=self._typed, probes=self.probes
        )
        inner.templates = Templates(instead)
        inner._definitions = self._definitions
        return inner

    def object_parts(
        self,
        type_: GraphQLObjectType,
        selections: Selections,
        frame: Frame,
        path: str,
        *,
        only: str | None = None,
        told_apart: bool = False,
    ) -> list[Part]:
        """The parts of one object of a known type; `told_apart` adds which one."""

        def parts() -> list[Part]:
            pairs: list[tuple[str, Sequence[Part]]] = [(TYPE_KEY, [constant_part(type_.name)])] if told_apart else []
            for key, nodes in self.collect(type_, selections).items():
                if only is None or key == only:
                    pairs.append((key, self._field_parts(type_, nodes, frame, f"{path}.{key}" if path else key)))
            return object_parts(pairs)

        person = self.catalogue.person(type_.name)
        tell = None if person is None else partial(self.templates.expand, person, frame)
        return self.grants.telling_whom(tell, parts)

    def composite_sql(self, named: GraphQLNamedType, selections: Selections, frame: Frame, path: str) -> str:
        """One SQL expression for an object, or for one of several possible types told apart by its row's type word."""
        return concatenated(self.composite_parts(named, selections, frame, path))

    def composite_parts(
        self, named: GraphQLNamedType, selections: Selections, frame: Frame, path: str
    ) -> Sequence[Part]:
        """The same as parts of whatever it is put into."""
        if is_object_type(named):
            return self.object_parts(named, selections, frame, path)
        assert is_abstract_type(named)  # noqa: S101
        return [Expression(self._abstract_sql(named, selections, frame, path))]

    def _abstract_sql(self, type_: GraphQLAbstractType, selections: Selections, frame: Frame, path: str) -> str:
        told_apart_by = self.catalogue.type_word(type_.name)
        word = self.templates.expand(told_apart_by.sql, frame)
        cases: dict[str, list[str]] = {}
        for possible in self.catalogue.schema.get_possible_types(type_):
            for value in told_apart_by.words.get(possible.name, ()):
                sql = self.typed_object(possible, selections, frame, path)
                cases.setdefault(sql, []).append(quoted(value))
        *others, last = cases.items()
        if not others:
            return last[0]
        whens = " ".join(f"when {word} in ({', '.join(words)}) then {sql}" for sql, words in others)
        return f"case {whens} else {last[0]} end"

    def typed_object(self, type_: GraphQLObjectType, selections: Selections, frame: Frame, path: str) -> str:
        """An object of one of several types its row could be of."""
        self._abstract = True
        return concatenated(self.object_parts(type_, selections, frame, path, told_apart=self._typed))

    def collect(self, type_: GraphQLObjectType, selections: Selections) -> dict[str, list[FieldNode]]:
        """The fields asked of an object of this type, by response key."""
        return self._collector.collect(type_, selections)

    def edge_node_type(self, connection: GraphQLNamedType) -> GraphQLNamedType:
        """The type of the nodes of a connection."""
        assert isinstance(connection, GraphQLObjectType)  # noqa: S101
        edge = get_named_type(connection.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)  # noqa: S101
        node: GraphQLNamedType = get_named_type(edge.fields["node"].type)
        return node

    def _field_parts(self, type_: GraphQLObjectType, nodes: list[FieldNode], frame: Frame, path: str) -> Sequence[Part]:
        name = nodes[0].name.value
        if name == "__typename":
            return [constant_part(type_.name)]
        field = type_.fields.get(name)
        if field is None:  # __schema, __type
            return [constant_part(self._introspected(nodes[0]))]
        declared = self.catalogue.field(type_.name, name)
        if not self.grants.admits_field(declared):
            assert declared.scope is not None  # noqa: S101
            return [self.grants.mask(field, declared.scope, path)]
        arguments = self._arguments_of(nodes[0], field)
        return self._source_parts(declared.source, field, nodes, frame.inside(arguments=arguments), path)

    def _introspected(self, node: FieldNode) -> Any:
        """What `__schema` or `__type` answers; with variables in it, the plan depends on all of them."""
        if self._definitions:
            self.probes.ask(lambda values: repr(sorted(values.items())))
        return self.catalogue.introspect(node, self._fragments, self._values, self._definitions)

    def _arguments_of(self, node: FieldNode, field: GraphQLField) -> Arguments:
        if not field.args:
            return NO_ARGUMENTS
        key = (id(node), id(field))
        if key not in self._arguments:
            self._arguments[key] = Arguments(node, field.args)
        return self._arguments[key]

    def _source_parts(
        self, source: Source, field: GraphQLField, nodes: list[FieldNode], frame: Frame, path: str
    ) -> Sequence[Part]:
        nullable = not is_non_null_type(field.type)
        selections = [node.selection_set for node in nodes if node.selection_set is not None]
        absent = quoted("null" if nullable else marked(NULL_MARK))
        match source:
            case Choice():
                assert frame.arguments is not None  # noqa: S101
                chosen = source.choose(Given(self.probes, frame.arguments))
                return self._source_parts(chosen, field, nodes, frame, path)
            case ConstantSource():
                return [constant_part(source.value)]
            case Value():
                sql = self.templates.expand(frame.told(source.sql, source.then), frame)
                return [value_part(sql, source.kind, nullable=nullable)]
            case Embedded():
                return self.embedded_parts(source, field, selections, frame, path, absent)
            case Rows():
                return rows_parts(self, source, field, selections, frame, path, absent)
            case Page():
                return [compile_page(self, source, field, selections, frame, path)]
            case Live():
                return [live_part(self, field, selections, frame, path)]
            case LookedBack():
                embedded = Embedded(present=source.present)
                if frame.looks_back:
                    return [then_part(self, embedded, field, selections, frame, path, absent)]
                return self.embedded_parts(embedded, field, selections, frame, path, absent)
            case Write():
                raise GraphError("a write is not a read", code=ErrorCode.INTERNAL)
            case Entities():
                return entities_parts(self, source, selections, frame, path)

    def embedded_parts(
        self, source: Embedded, field: GraphQLField, selections: Selections, frame: Frame, path: str, absent: str
    ) -> Sequence[Part]:
        named = get_named_type(field.type)
        inner = replace(frame, binds=source.binds) if source.binds else frame
        if source.present is None:
            assert isinstance(named, GraphQLObjectType)  # noqa: S101
            return self.object_parts(named, selections, inner, path)
        sql = self.composite_sql(named, selections, inner, path)
        present = self.templates.expand(source.present, frame)
        return [Expression(f"case when {present} then {sql} else {absent} end")]

    def looking(self, frame: Frame) -> Frame:
        """The frame seen from the instants of the nearest `asOf` and `knownAt`, where they are given."""
        arguments = frame.argument("asOf")
        assert arguments is not None  # noqa: S101
        as_of = self.templates.expand("{arg:asOf:instant}", frame) if self.probes.given(arguments, "asOf") else None
        known_at = (
            self.templates.expand("{arg:knownAt:instant}", frame) if self.probes.given(arguments, "knownAt") else None
        )
        return replace(frame, as_of=as_of, known_at=known_at)
