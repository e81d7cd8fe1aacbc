"""The arguments of a field as readers: what is fixed is coerced once, what is a variable is read per request."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    ListValueNode,
    NameNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from profile_api.graph.request import GraphError

Values = Mapping[str, Any]  # the coerced variables of one request
Reader = Callable[[Values], Any]


def converted(read: Reader, convert: Callable[[Any], Any]) -> Reader:
    """Reads the value changed by `convert`, or None; what is fixed is changed once, unless it is refused each time."""

    def read_converted(values: Values) -> Any:
        value = read(values)
        return None if value is None else convert(value)

    if isinstance(read, Fixed):
        with suppress(GraphError):
            return Fixed(read_converted({}))
    return read_converted


def _has_variable(node: ValueNode) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode():
            return any(_has_variable(item) for item in node.values)
        case ObjectValueNode():
            return any(_has_variable(item.value) for item in node.fields)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Fixed:
    """A reader that no variable has a say in: what follows from its value is found out when the plan is made."""

    value: Any

    def __call__(self, _values: Values) -> Any:
        return self.value


def _default(argument: GraphQLArgument) -> Any:
    value = coerce_default_value(argument)
    return None if value is Undefined else value


def argument_reader(node: ValueNode | None, argument: GraphQLArgument) -> Reader:
    """Reads the argument's coerced value. Null means the same as leaving the argument out: its default, or None."""
    default = _default(argument)
    if node is None:
        return Fixed(default)
    if isinstance(node, VariableNode):
        name = node.name.value
        return lambda values: default if (value := values.get(name)) is None else value
    if not _has_variable(node):
        value = coerce_input_literal(node, argument.type)
        return Fixed(default if value is None else value)
    held: ValueNode = node
    return lambda values: coerce_input_literal(held, argument.type, VariableValues({}, dict(values)))


class Arguments:
    """The arguments of one field in one operation, by their GraphQL names."""

    __slots__ = ("_readers",)

    def __init__(self, node: FieldNode, declared: Mapping[str, GraphQLArgument]) -> None:
        nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
        self._readers = {name: argument_reader(nodes.get(name), argument) for name, argument in declared.items()}

    def __contains__(self, name: str) -> bool:
        return name.partition(".")[0] in self._readers

    def reader(self, path: str) -> Reader:
        """The reader of an argument, or with `filter.stage` of a field inside it (None when any step is absent)."""
        name, _, inner = path.partition(".")
        read = self._readers[name]
        if not inner:
            return read

        steps = inner.split(".")

        def read_inner(values: Values) -> Any:
            value = read(values)
            for step in steps:
                if value is None:
                    return None
                value = value.get(step)
            return value

        return Fixed(read_inner({})) if isinstance(read, Fixed) else read_inner


NO_ARGUMENTS = Arguments(FieldNode(name=NameNode(value="")), {})
"""Those of a field that declares none."""
