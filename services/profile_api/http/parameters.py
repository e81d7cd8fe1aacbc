"""From a body or a query string to GraphQL requests: the only place that knows how a request is spelled over HTTP."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from profile_api.http.refusal import MalformedRequestError

_PARAMETERS: Final = ("query", "operationName", "variables", "extensions", "documentId")


class Parameters(msgspec.Struct, frozen=True, rename="camel"):
    """One request as sent: `query` may be missing when `extensions` or `documentId` name a persisted document."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None


_ONE: Final = msgspec.json.Decoder(Parameters)
_MANY: Final = msgspec.json.Decoder(list[Parameters])
_MAP: Final = msgspec.json.Decoder(dict[str, Any])


def parse_body(body: bytes, *, most: int, deepest: int) -> Parameters | list[Parameters]:
    """One request, or a list of at most `most`; raises `MalformedRequestError` for everything else."""
    try:
        if not body.lstrip().startswith(b"["):
            parameters = _ONE.decode(body)
            _check_depth(parameters, deepest)
            return parameters
        if most < 1:
            raise MalformedRequestError("batches of requests are not enabled here; send them one by one")
        batch = _MANY.decode(body)
    except msgspec.ValidationError as error:
        raise MalformedRequestError(f"the body is not a GraphQL request: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not body.strip():
            raise MalformedRequestError("the request body is empty; send a JSON object with a 'query'") from error
        raise MalformedRequestError(f"the body is not JSON in UTF-8: {error}") from error
    except RecursionError:
        raise MalformedRequestError(f"the body is nested deeper than {deepest} levels") from None
    if not 1 <= len(batch) <= most:
        raise MalformedRequestError(f"a batch must hold 1 to {most} requests, found {len(batch)}")
    for parameters in batch:
        _check_depth(parameters, deepest)
    return batch


def parse_query_string(query_string: bytes, *, longest: int, deepest: int) -> Parameters:
    """The request in a URL; `variables` and `extensions` are JSON there."""
    if len(query_string) > longest:
        raise MalformedRequestError(f"the query string is longer than {longest} bytes; use POST")
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise MalformedRequestError("the query string is not URL-encoded UTF-8") from error
    values = {name: value for name, value in pairs if name in _PARAMETERS and value}
    parameters = Parameters(
        query=values.get("query"),
        operation_name=values.get("operationName"),
        variables=_json_map("variables", values.get("variables")),
        extensions=_json_map("extensions", values.get("extensions")),
        document_id=values.get("documentId"),
    )
    _check_depth(parameters, deepest)
    return parameters


def _json_map(name: str, text: str | None) -> dict[str, Any] | None:
    if text is None or text == "null":
        return None
    try:
        return _MAP.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequestError(f"{name!r} is not a JSON object") from error


def _check_depth(parameters: Parameters, deepest: int) -> None:
    level: list[Any] = [given for given in (parameters.variables, parameters.extensions) if given]
    for _ in range(deepest):
        below: list[Any] = []
        for value in level:
            for child in value.values() if type(value) is dict else value:
                if type(child) is dict or type(child) is list:  # what JSON is decoded to, nothing derived from it
                    below.append(child)
        if not below:
            return
        level = below
    raise MalformedRequestError(f"variables are nested deeper than {deepest} levels")
