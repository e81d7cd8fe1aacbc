"""Coerces the variables of a request to the types its operation declares."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema, VariableDefinitionNode
from graphql.execution.values import get_variable_values

from profile_api.graph.errors import InvalidOperationError, located
from profile_api.graph.request import ErrorCode

MOST_ERRORS = 5


class VariableCoercer:
    """Checks and changes raw variables; made once per document."""

    __slots__ = ("_definitions", "_schema")

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The coerced values of what is declared. Errors: InvalidOperationError."""
        if not self._definitions:
            return {}
        result = get_variable_values(
            self._schema, self._definitions, dict(raw), max_errors=MOST_ERRORS, hide_suggestions=True
        )
        if isinstance(result, list):
            raise InvalidOperationError([located(error, ErrorCode.BAD_VARIABLE) for error in result])
        return result.coerced
