"""The head of an HTTP request: whether it announces a whole POST to /graphql, and what that takes to be answered."""

from dataclasses import dataclass
from typing import Final

import httptools

from profile_api.access.api_keys import token_hash
from profile_api.http.cross_origin import CrossOrigin
from profile_api.http.door import RequestHeaders, bearer_token, headers_of
from profile_api.http.negotiation import MediaType, acceptable_json, check_content_type
from profile_api.http.observed import GivenIds, ids_given
from profile_api.http.refusal import Refusal

END: Final = b"\r\n\r\n"
_PATH: Final = b"/graphql"

# Who sends one of these is answered by Starlette: bodies in pieces or packed, other protocols, streamed answers.
_LONG_WAY: Final = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head as a connection remembers it: clients repeat themselves, so most are read once."""

    headers: tuple[tuple[bytes, bytes], ...]
    fields: RequestHeaders
    body_length: int
    hash_of_token: bytes | None
    ids: GivenIds
    cross_origin: bytes  # header lines that every response to it has
    media_type: MediaType | None  # of the answer; None when the request is refused for what it sends or accepts


def read_head(raw: bytes, cross_origin: CrossOrigin) -> Head | None:
    """The head, its last empty line included; None when the request must go the long way, or is none."""
    reading = _Reading()
    parser = httptools.HttpRequestParser(reading)
    try:
        parser.feed_data(raw)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if not reading.is_whole or parser.get_method() != b"POST" or reading.url != _PATH:
        return None
    if parser.get_http_version() != "1.1" or not parser.should_keep_alive():
        return None
    return _head_of(reading.headers, cross_origin)


def _head_of(headers: list[tuple[bytes, bytes]], cross_origin: CrossOrigin) -> Head | None:
    length = b""
    origin = None
    for name, value in headers:
        if name in _LONG_WAY or (name == b"accept" and b"event-stream" in value.lower()):
            return None
        if name == b"content-length":
            length = value
        elif name == b"origin":
            origin = value
    if not length.isdigit():
        return None
    fields = headers_of(headers)
    token = bearer_token(fields.get("authorization", ""))
    return Head(
        headers=tuple(headers),
        fields=fields,
        body_length=int(length),
        hash_of_token=token_hash(token) if token is not None else None,
        ids=ids_given(headers),
        cross_origin=cross_origin.fields(origin),
        media_type=_media_type(fields),
    )


def _media_type(fields: RequestHeaders) -> MediaType | None:
    try:
        check_content_type(fields.get("content-type", ""))
        return acceptable_json(fields.get("accept", ""))
    except Refusal:
        return None


class _Reading:
    """What llhttp, the parser that uvicorn and Node use, reports; `is_whole` once it agrees where the head ends."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_whole = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_whole = True

    def on_body(self, _: bytes) -> None:
        self.is_whole = False
