"""Coerces the variables of a request to the types its operation declares."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_input_type,
    type_from_ast,
)
from graphql.execution.values import get_variable_values
from graphql.utilities import value_from_ast_untyped

from profile_api.graph.errors import InvalidOperationError, located
from profile_api.graph.request import ErrorCode

MOST_ERRORS = 5
_LARGEST_INT = 2**31 - 1
Plain = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_int(value: Any) -> bool:
    return type(value) is int and -_LARGEST_INT <= value <= _LARGEST_INT


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


_PLAIN: dict[str, Plain] = {"ID": _is_text, "String": _is_text, "Int": _is_int, "Boolean": _is_boolean}


def _plain(type_: GraphQLInputType) -> Plain | None:
    """The test that a value of this type coerces to itself; None for types that need graphql-core."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLEnumType):
        words = frozenset(inner.values)
        return lambda value: type(value) is str and value in words
    return _PLAIN.get(getattr(inner, "name", ""))


class VariableCoercer:
    """Checks and changes raw variables; made once per document.

    Most variables are plain values of the right kind and are taken as they are; anything else goes the thorough way,
    which also finds the words for what is wrong.
    """

    __slots__ = ("_declared", "_definitions", "_schema")

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._declared: list[tuple[str, Plain, bool, Any]] | None = []
        for definition in definitions:
            type_ = type_from_ast(schema, definition.type)
            test = _plain(type_) if type_ is not None and is_input_type(type_) else None
            if test is None:
                self._declared = None
                return
            default = value_from_ast_untyped(definition.default_value) if definition.default_value else Undefined
            self._declared.append((definition.variable.name.value, test, isinstance(type_, GraphQLNonNull), default))

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The coerced values of what is declared. Errors: InvalidOperationError."""
        if self._declared is not None:
            values = self._taken(raw, self._declared)
            if values is not None:
                return values
        result = get_variable_values(
            self._schema, self._definitions, dict(raw), max_errors=MOST_ERRORS, hide_suggestions=True
        )
        if isinstance(result, list):
            raise InvalidOperationError([located(error, ErrorCode.BAD_VARIABLE) for error in result])
        return result.coerced

    def _taken(self, raw: Mapping[str, Any], declared: list[tuple[str, Plain, bool, Any]]) -> Mapping[str, Any] | None:
        values: dict[str, Any] = {}
        for name, test, required, default in declared:
            value = raw.get(name, default)
            if value is Undefined:
                if required:
                    return None
            elif value is None:
                if required:
                    return None
                values[name] = None
            elif test(value):
                values[name] = value
            else:
                return None
        return values
