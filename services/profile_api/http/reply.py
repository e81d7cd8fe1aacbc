"""Replies as bytes: how an answer or a refusal becomes a status, headers and a body."""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.types import Send

from profile_api.graph.request import Answer, AnswerKind, ErrorCode, GraphError, Timings
from profile_api.http.fields import pairs_of
from profile_api.http.negotiation import MediaType
from profile_api.http.operations import error_body
from profile_api.http.refusal import Refusal

PARTIAL_DATA: Final = 294
_PERSISTED: Final = (ErrorCode.PERSISTED_QUERY_NOT_FOUND, ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED)
_CONTENT_TYPE: Final = {kind: f"{kind}; charset=utf-8".encode() for kind in MediaType}
_CONTENT_FIELDS: Final = {
    kind: b"content-type: %b\r\ncontent-length: " % media_type for kind, media_type in _CONTENT_TYPE.items()
}
_STATUS_LINE: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_STATUS_LINE[PARTIAL_DATA] = b"HTTP/1.1 294 \r\n"


class Reply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One whole HTTP response; `fields` are header lines beside those of the body."""

    status: int
    body: bytes
    media_type: MediaType
    fields: bytes = b""

    async def send(self, send: Send) -> None:
        """Sends the response in one piece, by ASGI."""
        headers = [
            (b"content-type", _CONTENT_TYPE[self.media_type]),
            (b"content-length", b"%d" % len(self.body)),
            *pairs_of(self.fields),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def in_bytes(self, more: bytes) -> bytes:
        """The response as HTTP/1.1 has it, with more header lines."""
        body = self.body
        return b"%b%b%d\r\n%b%b\r\n%b" % (
            _STATUS_LINE[self.status],
            _CONTENT_FIELDS[self.media_type],
            len(body),
            self.fields,
            more,
            body,
        )


def _status_of(kind: AnswerKind, media_type: MediaType, *, draft: bool) -> int:
    """The status GraphQL over HTTP gives an answer.

    `application/json` is the legacy type: whatever the GraphQL layer answers is 200, so that old clients read the body.
    With `draft`, the statuses of the draft of 2026-08 are used: 294 for partial data and 422 for invalid requests;
    without, 200 and 400, which the draft's own predecessors and its public audit expect.
    """
    if kind in (AnswerKind.OVERLOADED, AnswerKind.UNAVAILABLE):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if kind is AnswerKind.FORBIDDEN:
        return HTTPStatus.FORBIDDEN
    if media_type is MediaType.JSON or kind is AnswerKind.OK:
        return HTTPStatus.OK
    if kind is AnswerKind.PARTIAL:
        return PARTIAL_DATA if draft else HTTPStatus.OK
    return HTTPStatus.UNPROCESSABLE_ENTITY if draft and kind is AnswerKind.INVALID else HTTPStatus.BAD_REQUEST


# Looked up: naming a member of an enumeration costs up to half a microsecond in Python 3.11.
_STATUS: Final = {
    (kind, media_type, draft): int(_status_of(kind, media_type, draft=draft))
    for kind in AnswerKind
    for media_type in MediaType
    for draft in (False, True)
}
_NOT_NOW: Final = int(HTTPStatus.SERVICE_UNAVAILABLE)


def reply_to_answer(answer: Answer, media_type: MediaType, *, draft: bool, fields: bytes = b"") -> Reply:
    """The response that carries an answer."""
    status = _STATUS[answer.kind, media_type, draft]
    if status == _NOT_NOW:
        fields += b"retry-after: 1\r\n"
    return Reply(
        status=status,
        body=answer.body,
        media_type=media_type,
        fields=fields,
    )


def reply_to_graph_error(error: GraphError, media_type: MediaType, *, draft: bool) -> Reply:
    """The response for a request that was refused while it was being made ready."""
    fields = b""
    status = _STATUS[error.kind, media_type, draft]
    if error.code in _PERSISTED:
        # 200, as the servers that invented the protocol answer: clients take other statuses for a broken network.
        status, fields = HTTPStatus.OK, b"cache-control: private, no-cache, must-revalidate\r\n"
    return Reply(status=status, body=error_body(error), media_type=media_type, fields=fields)


def reply_to_refusal(refusal: Refusal, media_type: MediaType) -> Reply:
    """The response for a request that is not one, or whose caller is not let in."""
    return Reply(
        status=refusal.status,
        body=error_body(refusal),
        media_type=media_type,
        fields=refusal.fields,
    )


def server_timing(timings: Timings) -> bytes:
    """The stages of an operation as the line of a Server-Timing field, in milliseconds."""
    return b"server-timing: plan;dur=%.2f, queue;dur=%.2f, db;dur=%.2f, finish;dur=%.2f\r\n" % (
        timings.plan_s * 1000,
        timings.queue_s * 1000,
        timings.database_s * 1000,
        timings.finish_s * 1000,
    )
