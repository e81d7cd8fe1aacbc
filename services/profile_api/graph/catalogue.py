"""The schema as the planner sees it: graphql-core types for checking, and the declared source of every field."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    build_schema,
    execute_sync,
    get_named_type,
    visit,
)

from profile_api.audit.personal_data import PersonalData
from profile_api.graph.arguments import Values
from profile_api.graph.request import ErrorCode, GraphError, Scope
from profile_api.graph.scalars import install_parsers
from profile_api.graph.sources import JOINS, PERSONAL, SCOPE, SOURCE, Constant, Embedded, Join, Source, TypeWord
from profile_api.graph.types.query import ENTITIES


class UndeclaredFieldError(GraphError):
    """A field of the schema does not say where it comes from."""

    def __init__(self, field_name: str) -> None:
        super().__init__(f"{field_name} declares no source and cannot be planned", code=ErrorCode.INTERNAL)


@dataclass(frozen=True, slots=True)
class DeclaredField:
    source: Source
    scope: Scope | None
    personal: PersonalData | None = None


class Catalogue:
    """Built once from the Strawberry schema, the single source of truth."""

    def __init__(self, strawberry_schema: strawberry.Schema) -> None:
        self.strawberry_schema = strawberry_schema
        self.fields: dict[tuple[str, str], DeclaredField] = {}
        self._joins: dict[str, Mapping[str, Join]] = {}
        self._type_words: dict[str, TypeWord] = {}
        self._persons: dict[str, str] = {}
        name_of = strawberry_schema.config.name_converter.get_graphql_name
        for name, concrete in strawberry_schema.schema_converter.type_map.items():
            definition: Any = concrete.definition
            origin = getattr(definition, "origin", None)
            self._joins[name] = getattr(origin, JOINS, {})
            if (word := getattr(origin, "type_word", None)) is not None:
                self._type_words[name] = word
            if (person := getattr(origin, "person", None)) is not None:
                self._persons[name] = person
            for declared in getattr(definition, "fields", ()):
                said = declared.metadata
                if said.get(SOURCE) is not None:
                    self.fields[name, name_of(declared)] = DeclaredField(
                        said[SOURCE], said.get(SCOPE), said.get(PERSONAL)
                    )
        self.fields["Query", "_service"] = DeclaredField(Embedded(), Scope.FEDERATION)
        self.fields["Query", "_entities"] = DeclaredField(ENTITIES, Scope.FEDERATION)
        self.fields["_Service", "sdl"] = DeclaredField(Constant(value=self.sdl), None)

    @cached_property
    def sdl(self) -> str:
        return self.strawberry_schema.as_str()

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The same schema in plain graphql-core: values stay what they are on the wire, resolvers are the default."""
        schema = build_schema(self.sdl, assume_valid=True, assume_valid_sdl=True)
        install_parsers(schema)
        return schema

    def field(self, type_name: str, field_name: str) -> DeclaredField:
        try:
            return self.fields[type_name, field_name]
        except KeyError:
            raise UndeclaredFieldError(f"{type_name}.{field_name}") from None

    def joins(self, type_name: str) -> Mapping[str, Join]:
        return self._joins.get(type_name, {})

    def type_word(self, type_name: str) -> TypeWord:
        return self._type_words[type_name]

    def person(self, type_name: str) -> str | None:
        """SQL of whom an object of this type is about; None for what is about nobody, or only found inside another."""
        return self._persons.get(type_name)

    def root_type(self, operation: OperationType) -> GraphQLObjectType:
        root = self.schema.get_root_type(operation)
        assert root is not None  # noqa: S101 - validation refuses operations the schema does not have
        return root

    def scopes_of(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> frozenset[Scope]:
        """Every scope the fields named in a valid operation need."""
        found: set[Scope] = set()

        def collect(selection_set: SelectionSetNode, parent: GraphQLNamedType) -> None:
            for selection in selection_set.selections:
                match selection:
                    case FieldNode():
                        declared = self.fields.get((parent.name, selection.name.value))
                        if declared is not None and declared.scope is not None:
                            found.add(declared.scope)
                        if selection.selection_set is not None:
                            field_ = self.schema.get_field(parent, selection.name.value)  # type: ignore[arg-type]
                            assert field_ is not None  # noqa: S101 - the operation is valid
                            collect(selection.selection_set, get_named_type(field_.type))
                    case InlineFragmentNode():
                        condition = selection.type_condition
                        collect(
                            selection.selection_set,
                            self.schema.type_map[condition.name.value] if condition else parent,
                        )

        collect(operation.selection_set, self.root_type(operation.operation))
        for fragment in fragments.values():
            collect(fragment.selection_set, self.schema.type_map[fragment.type_condition.name.value])
        return frozenset(found)

    def introspect(
        self,
        node: FieldNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        values: Values,
        definitions: tuple[VariableDefinitionNode, ...],
    ) -> Any:
        """The answer to one `__schema` or `__type` field."""
        used: set[str] = set()

        class Variables(Visitor):
            def enter_variable(_, variable: VariableNode, *_rest: object) -> None:
                used.add(variable.name.value)

        for part in (node, *fragments.values()):
            visit(part, Variables())
        operation = OperationDefinitionNode(
            operation=OperationType.QUERY,
            directives=(),
            variable_definitions=tuple(one for one in definitions if one.variable.name.value in used),
            selection_set=SelectionSetNode(selections=(node,)),
        )
        document = DocumentNode(definitions=(operation, *fragments.values()))
        result = execute_sync(
            self.schema, document, variable_values={name: values[name] for name in used & set(values)}
        )
        key = node.alias if node.alias else node.name
        assert isinstance(key, NameNode)  # noqa: S101
        return (result.data or {}).get(key.value)
