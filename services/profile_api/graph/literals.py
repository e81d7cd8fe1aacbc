"""Lifts values written into a document out of it, so that a client that inlines them does not fill the document cache.

Two documents that differ only in their string and number literals share one plan: literals become variables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    FloatValueNode,
    GraphQLSchema,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    is_input_type,
    parse_type,
    visit,
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
    info = TypeInfo(schema)
    lifter = _Lifter(info)
    changed: DocumentNode = visit(document, TypeInfoVisitor(info, lifter))
    if lifter.literals != list(skeleton.literals) or not lifter.definitions:
        return None
    definitions = tuple(lifter.definitions)
    return Lifting(
        document=DocumentNode(
            definitions=tuple(_with_variables(node, operation_name, definitions) for node in changed.definitions)
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


class _Lifter(Visitor):
    """Numbers every literal in the order of the text and replaces those that stand for an argument's value."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self._kept = 0  # inside a directive or a variable's definition, where literals stay
        self.literals: list[Any] = []
        self.lifted: dict[int, str] = {}
        self.fixed: dict[int, Any] = {}
        self.definitions: list[VariableDefinitionNode] = []

    def enter_directive(self, _node: DirectiveNode, *_rest: object) -> None:
        self._kept += 1

    def leave_directive(self, _node: DirectiveNode, *_rest: object) -> None:
        self._kept -= 1

    def enter_variable_definition(self, _node: VariableDefinitionNode, *_rest: object) -> None:
        self._kept += 1

    def leave_variable_definition(self, _node: VariableDefinitionNode, *_rest: object) -> None:
        self._kept -= 1

    def enter_string_value(self, node: StringValueNode, *_rest: object) -> ValueNode | None:
        return self._literal(node.value)

    def enter_int_value(self, node: IntValueNode, *_rest: object) -> ValueNode | None:
        return self._literal(int(node.value))

    def enter_float_value(self, node: FloatValueNode, *_rest: object) -> ValueNode | None:
        return self._literal(float(node.value))

    def _literal(self, value: Any) -> ValueNode | None:
        number = len(self.literals)
        self.literals.append(value)
        type_ = self._info.get_input_type()
        if self._kept or type_ is None or not is_input_type(type_):
            self.fixed[number] = value
            return None
        name = f"{_PREFIX}{number}"
        variable = VariableNode(name=NameNode(value=name))
        self.lifted[number] = name
        self.definitions.append(
            VariableDefinitionNode(variable=variable, type=parse_type(str(type_)), directives=(), default_value=None)
        )
        return variable
