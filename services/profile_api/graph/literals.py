"""Lifts values written into a document out of it, so that a client that inlines them does not fill the document cache.

Two documents that differ only in their string and number literals share one plan: literals become variables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    TypeNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    parse_type,
)

_TOKEN = re.compile(
    r"""(?P<block>\"{3})|(?P<string>"(?:[^"\\\n\r]|\\.)*")|(?P<comment>\#[^\n\r]*)|(?P<name>[_A-Za-z][_0-9A-Za-z]*)"""
    r"""|(?P<float>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![.\w]))"""
    r"""|(?P<int>-?(?:0|[1-9][0-9]*)(?![.\w]))"""
)
_PREFIX = "lifted_literal_"
_LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A document without its literals, and the literals in their order."""

    text: str
    literals: tuple[Any, ...]


def find_skeleton(query: str) -> Skeleton | None:
    """The skeleton of a query; None when it holds what only the parser should read (block strings, odd escapes)."""
    if '"""' in query or "\\u{" in query or _PREFIX in query:
        return None
    literals: list[Any] = []

    def lift(token: re.Match[str]) -> str:
        kind, text = token.lastgroup, token.group()
        if kind in ("name", "comment", "block"):
            return text if kind == "name" else ""
        if kind != "string" and len(text) > _LONGEST_NUMBER:
            raise ValueError(text)
        literals.append(json.loads(text))
        return f"\x01{kind}\x01"

    try:
        text = _TOKEN.sub(lift, query)
    except ValueError:
        return None
    return Skeleton(text, tuple(literals)) if literals else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifting:
    """A document whose literals have become variables; `fixed` are those that had to stay, by their number."""

    document: DocumentNode
    lifted: Mapping[int, str]
    fixed: Mapping[int, Any]

    def variables(self, literals: Sequence[Any]) -> dict[str, Any] | None:
        """The literals of another document of this skeleton as variables; None when one that had to stay differs."""
        if any(literals[number] != value for number, value in self.fixed.items()):
            return None
        return {name: literals[number] for number, name in self.lifted.items()}


def lift(
    document: DocumentNode, operation_name: str | None, schema: GraphQLSchema, skeleton: Skeleton
) -> Lifting | None:
    """The document with variables for literals. None when its literals are not those of the skeleton."""
    lifter = _Lifter(schema)
    changed = [lifter.definition(node) for node in document.definitions]
    if lifter.literals != list(skeleton.literals) or not lifter.definitions:
        return None
    definitions = tuple(lifter.definitions)
    return Lifting(
        document=DocumentNode(
            definitions=tuple(_with_variables(node, operation_name, definitions) for node in changed)
        ),
        lifted=lifter.lifted,
        fixed=lifter.fixed,
    )


def _with_variables(
    node: DefinitionNode, name: str | None, definitions: tuple[VariableDefinitionNode, ...]
) -> DefinitionNode:
    """The operation asked for gets the variables; everything else stays."""
    if not isinstance(node, OperationDefinitionNode):
        return node
    if name and (node.name is None or node.name.value != name):
        return node
    return OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=(*(node.variable_definitions or ()), *definitions),
        directives=node.directives,
        selection_set=node.selection_set,
    )


class _Lifter:
    """Numbers every literal in the order of the text and replaces those that stand for an argument's value.

    The document is valid, so each step knows the type it is at.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.literals: list[Any] = []
        self.lifted: dict[int, str] = {}
        self.fixed: dict[int, Any] = {}
        self.definitions: list[VariableDefinitionNode] = []

    def definition(self, node: DefinitionNode) -> DefinitionNode:
        if isinstance(node, OperationDefinitionNode):
            for definition in node.variable_definitions or ():
                self._keep(definition)
            parent: GraphQLNamedType | None = self._schema.get_root_type(node.operation)
        else:
            assert isinstance(node, FragmentDefinitionNode)  # noqa: S101 - nothing else is executable
            parent = self._schema.type_map[node.type_condition.name.value]
        for directive in node.directives or ():
            self._keep(directive)
        assert parent is not None  # noqa: S101
        return replace(node, selection_set=self._selections(node.selection_set, parent))

    def _selections(self, node: SelectionSetNode, parent: GraphQLNamedType) -> SelectionSetNode:
        before = len(self.lifted)
        changed = tuple(self._selection(selection, parent) for selection in node.selections)
        return node if len(self.lifted) == before else replace(node, selections=changed)

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType) -> SelectionNode:
        before = len(self.lifted)
        changes: dict[str, Any] = {}
        inner = parent
        if isinstance(node, FieldNode):
            declared = self._schema.get_field(parent, node.name.value)  # type: ignore[arg-type]
            assert declared is not None  # noqa: S101
            inner = get_named_type(declared.type)
            changes["arguments"] = tuple(
                replace(argument, value=self._value(argument.value, declared.args[argument.name.value].type))
                for argument in node.arguments or ()
            )
        elif isinstance(node, InlineFragmentNode) and node.type_condition is not None:
            inner = self._schema.type_map[node.type_condition.name.value]
        for directive in node.directives or ():
            self._keep(directive)
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
            changes["selection_set"] = self._selections(node.selection_set, inner)
        return node if len(self.lifted) == before else replace(node, **changes)

    def _value(self, node: ValueNode, type_: GraphQLInputType) -> ValueNode:
        match node:
            case ListValueNode():
                held = get_nullable_type(type_)
                item = held.of_type if is_list_type(held) else type_
                return replace(node, values=tuple(self._value(value, item) for value in node.values))
            case ObjectValueNode():
                named = get_named_type(type_)
                if not is_input_object_type(named):
                    self._keep(node)
                    return node
                fields = named.fields
                return replace(
                    node,
                    fields=tuple(
                        replace(entry, value=self._value(entry.value, fields[entry.name.value].type))
                        for entry in node.fields
                    ),
                )
            case StringValueNode() | IntValueNode() | FloatValueNode():
                return self._variable(_literal(node), type_)
            case _:
                return node

    def _variable(self, value: Any, type_: GraphQLInputType) -> VariableNode:
        number = len(self.literals)
        self.literals.append(value)
        name = self.lifted[number] = f"{_PREFIX}{number}"
        variable = VariableNode(name=NameNode(value=name))
        self.definitions.append(
            VariableDefinitionNode(variable=variable, type=_written(str(type_)), directives=(), default_value=None)
        )
        return variable

    def _keep(self, node: Node) -> None:
        """Literals in directives and defaults, and inside values of no known shape, stay."""
        if isinstance(node, StringValueNode | IntValueNode | FloatValueNode):
            self.fixed[len(self.literals)] = value = _literal(node)
            self.literals.append(value)
            return
        for key in node.keys:
            held = getattr(node, key, None)
            for child in held if isinstance(held, tuple | list) else (held,):
                if isinstance(child, Node):
                    self._keep(child)


@lru_cache(maxsize=256)
def _written(type_: str) -> TypeNode:
    return parse_type(type_)


def _literal(node: StringValueNode | IntValueNode | FloatValueNode) -> Any:
    match node:
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case _:
            return node.value
