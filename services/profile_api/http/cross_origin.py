"""What responses say to browsers of other origins (CORS): the same on every way in."""

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profile_api.http.fields import pairs_of, written

_REQUEST_HEADERS: Final = ("authorization", "content-type", "traceparent", "x-request-id")
_RESPONSE_HEADERS: Final = ("ratelimit", "ratelimit-policy", "retry-after", "server-timing", "x-request-id")
_VARY: Final = written((b"vary", b"origin"))
_EXPOSED: Final = written((b"access-control-expose-headers", ", ".join(_RESPONSE_HEADERS).encode()))


class CrossOrigin:
    """The origins whose scripts may read our responses. A request of another is answered, but no browser shows it."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self.origins = origins
        self._allowed = frozenset(origin.encode() for origin in origins)

    def fields(self, origin: bytes | None) -> bytes:
        """What the response to a request of this origin says."""
        if not self._allowed:
            return b""
        if origin not in self._allowed:
            return _VARY
        return _EXPOSED + written((b"access-control-allow-origin", origin or b"")) + _VARY


class CrossOriginMiddleware:
    """Says the same on the way through ASGI; Starlette answers the questions browsers ask beforehand (preflight)."""

    def __init__(self, app: ASGIApp, *, policy: CrossOrigin) -> None:
        self._app = app
        self._policy = policy
        self._preflight = CORSMiddleware(
            app,
            allow_origins=policy.origins,
            allow_methods=["GET", "POST"],
            allow_headers=_REQUEST_HEADERS,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin: bytes | None = headers.get(b"origin")
        if origin is not None and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await self._preflight(scope, receive, send)
            return

        async def send_telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *pairs_of(self._policy.fields(origin))]
            await send(message)

        await self._app(scope, receive, send_telling)
