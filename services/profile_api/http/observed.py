"""Around every request: an id that follows it, the trace it belongs to, its time, its count. No personal data."""

import logging
import random
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profile_api.audit.personal_data import trace_id as current_trace
from profile_api.http.fields import pairs_of
from profile_api.http.metrics import count_request

_LOG: Final = logging.getLogger("parcours.http")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_SLOW_S: Final = 1.0
_NO_SNIFFING: Final = b"x-content-type-options: nosniff\r\n"
_IDS: Final = random.Random()  # noqa: S311  (ids are to differ, not to be guarded: the kernel's would cost more)

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

    __slots__ = ("_span", "_trace_flags", "began", "request_id", "trace_id")

    def __init__(self, given: GivenIds) -> None:
        self.began = time.perf_counter()
        identity, trace_id, flags = given
        made = b"%048x" % _IDS.getrandbits(192)
        self.trace_id = trace_id or made[:32]
        self._span = made[32:]
        self._trace_flags = flags or b"00"
        self.request_id = identity or self.trace_id

    def enter(self) -> None:
        """Makes the ids those of whatever runs in this context from now on."""
        request_id.set(self.request_id)
        current_trace.set(self.trace_id)

    def fields(self, now: float) -> bytes:
        """What every response says of itself."""
        # A second Server-Timing, after the stages': lists may be split over fields.
        return b"x-request-id: %b\r\ntraceresponse: 00-%b-%b-%b\r\nserver-timing: total;dur=%.2f\r\n%b" % (
            self.request_id,
            self.trace_id,
            self._span,
            self._trace_flags,
            (now - self.began) * 1000,
            _NO_SNIFFING,
        )

    def ended(self, route: str, status: int, now: float) -> None:
        """Counts the request; the log tells of what failed or took long."""
        seconds = now - self.began
        count_request(route, status, seconds)
        if status >= 500 or seconds > _SLOW_S:
            _LOG.warning("%s %s %d %.0f ms", self.request_id.decode(), route, status, seconds * 1000)


class Observed:
    """Wraps an application, so that each of its HTTP requests is observed."""

    def __init__(self, app: ASGIApp, *, routes: frozenset[str]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # what runs on a socket belongs to the trace that opened it
                current_trace.set(Observation(ids_given(scope["headers"])).trace_id)
            await self._app(scope, receive, send)
            return
        observation = Observation(ids_given(scope["headers"]))
        observation.enter()
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                fields = pairs_of(observation.fields(time.perf_counter()))
                message["headers"] = [*message.get("headers", ()), *fields]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            route = scope["path"] if scope["path"] in self._routes else "other"
            observation.ended(route, status, time.perf_counter())
