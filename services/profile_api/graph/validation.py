"""Validates documents: what holds nothing unusual in one pass of ours, everything else by graphql-core's rules.

The pass knows conditions that are enough for each rule of the specification, none that is needed: what it lets through
is valid, and what it does not is judged, and its errors worded, by graphql-core, which takes many times as long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StreamDirectiveOnListField,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    do_types_overlap,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    specified_rules,
    type_from_ast,
    validate,
)
from graphql.utilities import validate_input_literal
from graphql.validation.rules.variables_in_allowed_position import allowed_variable_usage

Rule = type[ASTValidationRule]
# The schema has neither @defer nor @stream: they are refused as unknown, so rules about their proper use only cost.
RULES: tuple[Rule, ...] = tuple(
    rule
    for rule in specified_rules
    if rule
    not in (
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        StreamDirectiveOnListField,
    )
)
_MOST_ERRORS = 5
_DIRECTIVES = ("skip", "include")


def errors_in(schema: GraphQLSchema, document: DocumentNode, more: Sequence[Rule]) -> list[GraphQLError]:
    """What is wrong with a document, by the specification's rules and `more`, which may only concern introspection."""
    if is_plainly_valid(schema, document):
        return []
    return validate(schema, document, [*RULES, *more], max_errors=_MOST_ERRORS, hide_suggestions=True)


def is_plainly_valid(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether the document is certainly valid; False says nothing."""
    try:
        _Pass(schema).document(document)
    except _UnusualError:
        return False
    return True


class _UnusualError(Exception):
    """Something that takes graphql-core to judge."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A field without arguments or selections: under one key two of the same name and type are one."""

    name: str
    type: GraphQLOutputType


# What each response key of an object stands for; None: what nothing else may merge with.
_Keys = dict[str, _Leaf | None]


@dataclass(slots=True)
class _Variable:
    type: GraphQLInputType
    default: ValueNode | None
    is_used: bool = False


@dataclass(slots=True)
class _Pass:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    keys: dict[str, _Keys] = field(default_factory=dict)  # of each fragment met
    open: set[str] = field(default_factory=set)
    variables: dict[str, _Variable] = field(default_factory=dict)

    def document(self, document: DocumentNode) -> None:
        operation: OperationDefinitionNode | None = None
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                _require(not node.directives and not node.variable_definitions)
                _require(node.name.value not in self.fragments)
                self.fragments[node.name.value] = node
            else:
                _require(isinstance(node, OperationDefinitionNode) and operation is None and not node.directives)
                operation = node  # type: ignore[assignment]
        if operation is None or operation.operation is OperationType.SUBSCRIPTION:
            raise _UnusualError
        for definition in operation.variable_definitions or ():
            self.declare(definition)
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            raise _UnusualError
        self.selections(operation.selection_set, root, {})
        _require(len(self.keys) == len(self.fragments))
        _require(all(variable.is_used for variable in self.variables.values()))

    def declare(self, node: VariableDefinitionNode) -> None:
        name, type_ = node.variable.name.value, type_from_ast(self.schema, node.type)
        _require(name not in self.variables and not node.directives)
        if not is_input_type(type_):
            raise _UnusualError
        if node.default_value is not None:
            self.literal(node.default_value, type_)
        self.variables[name] = _Variable(type_, node.default_value)

    def selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType, keys: _Keys) -> None:
        """`keys` are those of the object so far, whichever fragments they came from."""
        for selection in selection_set.selections:
            if selection.directives:
                self.directives(selection.directives)
            match selection:
                case FieldNode():
                    key = selection.alias.value if selection.alias else selection.name.value
                    _add(keys, key, self.field(selection, parent))
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = self.condition(condition.name.value, parent) if condition else parent
                    self.selections(selection.selection_set, inner, keys)
                case FragmentSpreadNode():
                    for key, leaf in self.fragment(selection.name.value, parent).items():
                        _add(keys, key, leaf)

    def field(self, node: FieldNode, parent: GraphQLNamedType) -> _Leaf | None:
        name = node.name.value
        declared = self.declared(parent, name)
        if node.arguments or declared.args:
            self.arguments(node.arguments or (), declared.args)
        named = get_named_type(declared.type)
        if node.selection_set is not None:
            _require(is_composite_type(named))
            self.selections(node.selection_set, named, {})
            return None
        _require(is_leaf_type(named))
        return None if node.arguments else _Leaf(name, declared.type)

    def declared(self, parent: GraphQLNamedType, name: str) -> GraphQLField:
        if name == "__typename":
            found = self.schema.get_field(parent, name)  # type: ignore[arg-type]
        else:
            _require(not name.startswith("__") and not isinstance(parent, GraphQLUnionType))
            found = parent.fields.get(name)  # type: ignore[attr-defined]
        if found is None:
            raise _UnusualError
        return found

    def fragment(self, name: str, parent: GraphQLNamedType) -> _Keys:
        fragment = self.fragments.get(name)
        if fragment is None or name in self.open:
            raise _UnusualError
        condition = self.condition(fragment.type_condition.name.value, parent)
        if name not in self.keys:
            self.open.add(name)
            keys: _Keys = {}
            self.selections(fragment.selection_set, condition, keys)
            self.open.discard(name)
            self.keys[name] = keys
        return self.keys[name]

    def condition(self, name: str, parent: GraphQLNamedType) -> GraphQLNamedType:
        type_ = self.schema.type_map.get(name)
        if not is_composite_type(type_) or not is_composite_type(parent):
            raise _UnusualError
        _require(type_ is parent or do_types_overlap(self.schema, type_, parent))
        return type_

    def directives(self, nodes: Sequence[DirectiveNode]) -> None:
        names = [node.name.value for node in nodes]
        _require(len(set(names)) == len(names))
        for name, node in zip(names, nodes, strict=True):
            directive = self.schema.get_directive(name)
            if name not in _DIRECTIVES or directive is None:
                raise _UnusualError
            self.arguments(node.arguments or (), directive.args)

    def arguments(self, nodes: Sequence[ArgumentNode], declared: Mapping[str, GraphQLArgument]) -> None:
        given: set[str] = set()
        for node in nodes:
            name = node.name.value
            argument = declared.get(name)
            if argument is None or name in given:
                raise _UnusualError
            given.add(name)
            self.value(node.value, argument.type, _default(argument))
        for name, argument in declared.items():
            _require(name in given or not is_required_argument(argument))

    def value(self, node: ValueNode, type_: GraphQLInputType, default: Any) -> None:
        if isinstance(node, VariableNode):
            self.variable(node, type_, default)
        else:
            self.literal(node, type_)

    def variable(self, node: VariableNode, type_: GraphQLInputType, default: Any) -> None:
        variable = self.variables.get(node.name.value)
        if variable is None:
            raise _UnusualError
        _require(allowed_variable_usage(self.schema, variable.type, variable.default, type_, default))
        variable.is_used = True

    def literal(self, node: ValueNode, type_: GraphQLInputType) -> None:
        validate_input_literal(node, type_, _refuse)
        self.parts(node, type_)

    def parts(self, node: ValueNode, type_: GraphQLInputType) -> None:
        """The variables inside a list or an object, and the objects' names."""
        if isinstance(node, ListValueNode):
            held = get_nullable_type(type_)
            item = held.of_type if is_list_type(held) else type_
            for value in node.values:
                self.part(value, item, Undefined)
        elif isinstance(node, ObjectValueNode):
            named = get_named_type(type_)
            if not isinstance(named, GraphQLInputObjectType) or named.is_one_of:
                raise _UnusualError
            _require(len({entry.name.value for entry in node.fields}) == len(node.fields))
            for entry in node.fields:
                declared = named.fields[entry.name.value]
                self.part(entry.value, declared.type, _default(declared))

    def part(self, node: ValueNode, type_: GraphQLInputType, default: Any) -> None:
        if isinstance(node, VariableNode):
            self.variable(node, type_, default)
        else:
            self.parts(node, type_)


def _require(condition: bool) -> None:
    if not condition:
        raise _UnusualError


def _refuse(_error: GraphQLError, _path: list[str | int]) -> None:
    raise _UnusualError


def _default(declared: Any) -> Any:
    """As graphql-core sees the default of an argument or input field."""
    return declared.default if declared.default is not None else declared.default_value


def _add(keys: _Keys, key: str, leaf: _Leaf | None) -> None:
    if key in keys:
        known = keys[key]
        if known is None or leaf is None or known.name != leaf.name or str(known.type) != str(leaf.type):
            raise _UnusualError
    keys[key] = leaf
