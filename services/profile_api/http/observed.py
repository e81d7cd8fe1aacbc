"""Around every request: an id that follows it, the trace it belongs to, its time, its count. No personal data."""

import logging
import os
import re
import time
from contextvars import ContextVar
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profile_api.http.metrics import of_request

_LOG: Final = logging.getLogger("parcours.http")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_SLOW_S: Final = 1.0

request_id: ContextVar[str] = ContextVar("request_id", default="")


class Observed:
    """Wraps the application: takes over or makes `x-request-id` and the W3C trace, adds `server-timing`, counts.

    The log says route, status, milliseconds and ids, never the URL's query or a body, for these may name people.
    """

    def __init__(self, app: ASGIApp, *, routes: frozenset[str]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        identity, trace = _ids(scope)
        request_id.set(identity.decode())
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, identity, trace, time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - began
            route = scope["path"] if scope["path"] in self._routes else "other"
            count, timed = of_request(route, status)
            count.inc()
            timed.observe(seconds)
            if status >= 500 or seconds > _SLOW_S:
                _LOG.warning("%s %s %d %.0f ms", identity.decode(), route, status, seconds * 1000)


def _ids(scope: Scope) -> tuple[bytes, bytes]:
    identity = b""
    trace = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            identity = value
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            trace = b"00-%b-%b-%b" % (match[1], os.urandom(8).hex().encode(), match[2])
    if not trace:
        made = os.urandom(24).hex().encode()
        trace = b"00-%b-%b-00" % (made[:32], made[32:])
    return identity or trace[3:35], trace


def _add_headers(message: Message, identity: bytes, trace: bytes, seconds: float) -> None:
    total = b"total;dur=%.2f" % (seconds * 1000)
    message["headers"] = [
        *message.get("headers", ()),
        (b"x-request-id", identity),
        (b"traceresponse", trace),
        (b"server-timing", total),  # a second field of the name, after the stages': lists may be split over fields
        (b"x-content-type-options", b"nosniff"),
    ]
