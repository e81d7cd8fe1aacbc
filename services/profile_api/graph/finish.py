"""The two finishers: the fast one sends PostgreSQL's bytes, the full one builds exact partial data and errors."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute_sync,
)

from profile_api.graph.catalogue import Catalogue
from profile_api.graph.errors import located
from profile_api.graph.plan import Plan
from profile_api.graph.rendering import FLOAT_MARK, FORBIDDEN_MARK, MARK, MARK_IN_JSON, NULL_MARK, TYPE_KEY, marked
from profile_api.graph.request import AnswerKind, ErrorCode, GraphError

_MARK = MARK_IN_JSON.encode()
_NOTHING = f":{marked(NULL_MARK)}}}".encode()


def masked_extension(plan: Plan) -> bytes:
    """`,"extensions":{…}` telling which fields came back null because the caller lacks their scope; or nothing."""
    if not plan.masked:
        return b""
    masked = [{"path": path, "scope": scope, "code": ErrorCode.FORBIDDEN} for path, scope in plan.masked.items()]
    return b',"extensions":' + msgspec.json.encode({"masked": masked})


def tells_nothing(text: bytes) -> bool:
    """Whether the one root field of a subscription found nothing: what the event was about is gone by now."""
    return text.count(_MARK) == 1 and text.endswith(_NOTHING)


def fast_body(plan: Plan, text: bytes) -> bytes | None:
    """The finished response; None when the data holds a mark, so that only the full finisher can tell."""
    if _MARK in text:
        return None
    return b'{"data":%b%b}' % (text, masked_extension(plan) if plan.masked else b"")


def _resolve(source: Mapping[str, Any], info: GraphQLResolveInfo[Any], **_arguments: Any) -> Any:
    value = source[str(info.path.key)]
    if isinstance(value, GraphError):
        raise value
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    reason = value.removeprefix(MARK)
    if reason == NULL_MARK:
        return None
    if reason == FLOAT_MARK:
        raise GraphError("the stored number is not finite", code=ErrorCode.VALUE_UNREPRESENTABLE)
    scope = reason.removeprefix(FORBIDDEN_MARK + ":")
    raise GraphError(f"reading this field needs the scope {scope}", code=ErrorCode.FORBIDDEN)


def _type_of(value: Any, info: GraphQLResolveInfo[Any], _abstract: Any) -> str:
    """The concrete type of an object; the typed plan adds it under a key no client can choose."""
    name: str = value[TYPE_KEY]
    return name


def full_body(
    catalogue: Catalogue,
    plan: Plan,
    ast: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    data: Mapping[str, Any],
) -> tuple[AnswerKind, bytes]:
    """The response graphql-core builds from the plan's data, marks turned into errors."""
    result = execute_sync(
        catalogue.schema,
        ast,
        root_value=data,
        variable_values=dict(variables),
        operation_name=operation.name.value if operation.name else None,
        field_resolver=_resolve,
        type_resolver=_type_of,
    )
    return _written(plan, result)


def _written(plan: Plan, result: ExecutionResult) -> tuple[AnswerKind, bytes]:
    errors = [located(error, ErrorCode.VALUE_UNREPRESENTABLE) for error in result.errors or ()]
    body = b'{"data":' + json.dumps(result.data, ensure_ascii=False, separators=(",", ":")).encode()
    if errors:
        body += b',"errors":' + msgspec.json.encode(errors)
    return (AnswerKind.PARTIAL if errors else AnswerKind.OK), body + masked_extension(plan) + b"}"
