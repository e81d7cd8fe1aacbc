"""Around every request: an id that follows it, the trace it belongs to, its time, its count. No personal data."""

import logging
import os
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profile_api.audit.personal_data import trace_id as current_trace
from profile_api.http.metrics import count_request

_LOG: Final = logging.getLogger("parcours.http")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_SLOW_S: Final = 1.0

request_id: ContextVar[bytes] = ContextVar("request_id", default=b"")


class GivenIds(NamedTuple):
    """The ids a client sent that are fit to be taken over; empty when it sent none."""

    request_id: bytes
    trace_id: bytes
    trace_flags: bytes


def ids_given(headers: Iterable[tuple[bytes, bytes]]) -> GivenIds:
    """The client's own request id and W3C trace."""
    identity = trace_id = flags = b""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            identity = value
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            trace_id, flags = match[1], match[2]
    return GivenIds(identity, trace_id, flags)


class Observation:
    """One request under way: takes over or makes `x-request-id` and the W3C trace, times it, counts it once.

    The log says route, status, milliseconds and ids, never the URL's query or a body, for these may name people.
    """

    __slots__ = ("_identity", "_trace", "began")

    def __init__(self, given: GivenIds) -> None:
        self.began = time.perf_counter()
        identity, trace_id, flags = given
        if trace_id:
            self._trace = b"00-%b-%b-%b" % (trace_id, os.urandom(8).hex().encode(), flags)
        else:
            made = os.urandom(24).hex().encode()
            trace_id = made[:32]
            self._trace = b"00-%b-%b-00" % (trace_id, made[32:])
        self._identity = identity or trace_id
        request_id.set(self._identity)
        current_trace.set(trace_id)

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What every response says of itself."""
        milliseconds = (time.perf_counter() - self.began) * 1000
        return (
            (b"x-request-id", self._identity),
            (b"traceresponse", self._trace),
            # A second field of the name, after the stages': lists may be split over fields.
            (b"server-timing", b"total;dur=%.2f" % milliseconds),
            (b"x-content-type-options", b"nosniff"),
        )

    def ended(self, route: str, status: int) -> None:
        """Counts the request; the log tells of what failed or took long."""
        seconds = time.perf_counter() - self.began
        count_request(route, status, seconds)
        if status >= 500 or seconds > _SLOW_S:
            _LOG.warning("%s %s %d %.0f ms", self._identity.decode(), route, status, seconds * 1000)


class Observed:
    """Wraps an application, so that each of its HTTP requests is observed."""

    def __init__(self, app: ASGIApp, *, routes: frozenset[str]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # what runs on a socket belongs to the trace that opened it
                current_trace.set(ids_given(scope["headers"]).trace_id or os.urandom(16).hex().encode())
            await self._app(scope, receive, send)
            return
        observation = Observation(ids_given(scope["headers"]))
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *observation.headers()]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            observation.ended(scope["path"] if scope["path"] in self._routes else "other", status)
