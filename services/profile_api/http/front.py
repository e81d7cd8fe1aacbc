"""The shortest way in: GraphQL over HTTP goes straight to its endpoint, everything else through Starlette.

Router, exception middleware and CORS cost more than the endpoint itself does. What the short way leaves out has no
meaning for it: there is one path, errors are rendered by the endpoint, and a request without an Origin header knows no
CORS.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_PATH: Final = "/graphql"


class Front:
    """The application that uvicorn sees."""

    def __init__(self, *, graphql: ASGIApp, rest: ASGIApp) -> None:
        self._graphql = graphql
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = scope["type"] == "http" and scope["path"] == _PATH and scope["method"] == "POST"
        if short and not any(name == b"origin" for name, _ in scope["headers"]):
            await self._graphql(scope, receive, send)
        else:
            await self._rest(scope, receive, send)
