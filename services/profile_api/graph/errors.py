"""Errors as GraphQL writes them: a message, where in the document, where in the answer, and a code."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError

from profile_api.graph.request import Answer, AnswerKind, ErrorCode, GraphError, OperationKind, Timings

FormattedError = Mapping[str, Any]


class InvalidOperationError(GraphError):
    """The document or its variables cannot be executed; `errors` are ready to be sent."""

    def __init__(self, errors: Sequence[FormattedError], *, kind: AnswerKind = AnswerKind.INVALID) -> None:
        super().__init__(errors[0]["message"], code=errors[0]["extensions"]["code"], kind=kind)
        self.errors = errors


def located(error: GraphQLError, code: ErrorCode) -> FormattedError:
    """One entry of `errors`."""
    original = error.original_error
    if isinstance(original, GraphError):
        code = original.code
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = error.path
    formatted["extensions"] = {"code": str(code)}
    return formatted


def formatted(error: GraphError) -> Sequence[FormattedError]:
    """The entries of `errors` for something raised on purpose."""
    if isinstance(error, InvalidOperationError):
        return error.errors
    return [{"message": error.message, "extensions": {"code": str(error.code)}}]


def refused(error: GraphError, *, operation: OperationKind | None = None, timings: Timings = Timings()) -> Answer:  # noqa: B008 - frozen
    """The answer to a request that was not executed: errors and no data."""
    body = msgspec.json.encode({"errors": formatted(error)})
    return Answer(kind=error.kind, body=body, operation=operation, timings=timings)
