"""`POST /v1/score` straight on ASGI, for Starlette's layers cost as much as answering a request for one customer."""

import asyncio
from functools import partial
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from scoring.errors import BodyTooLargeError, ScoringError
from scoring.http.state import ServiceState
from scoring.http.v1 import answer_score

PATH = "/v1/score"


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


def error_answer(error: ScoringError) -> JSONResponse:
    """Open Inference Protocol's error body, with the stable code beside the sentence."""
    headers = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return JSONResponse({"error": str(error), "code": error.code}, status_code=error.status, headers=headers)


class ScoreEdge:
    """An ASGI application for the one path; measured like the others, bounded like the others."""

    def __init__(self, state: ServiceState, *, max_body_bytes: int) -> None:
        self._state = state
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        began, status = clock(), 500
        try:
            answer = await self._answer(scope, receive)
            status = 200
            length = str(len(answer)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": answer})
        except ScoringError as error:
            status = error.status
            await error_answer(error)(scope, receive, send)
        except ClientGoneError:
            status = 499  # as nginx counts them
        finally:
            self._state.metrics.answered("score", status, clock() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        state = self._state
        body = await self._body(receive)
        asked = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
        choice = state.choice(model_set=_only(asked, "model_set"), variant=_only(asked, "variant"))
        answer = await state.pool.run(partial(answer_score, body, choice=choice, metrics=state.metrics))
        if state.shadow is not None:
            state.shadow.consider(body, choice.loaded)
        return answer

    async def _body(self, receive: Receive) -> bytes:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part = message.get("body", b"")
            size += len(part)
            if size > self._max_body_bytes:
                raise BodyTooLargeError(limit=self._max_body_bytes)
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)


async def not_reached(request: Request) -> Response:
    """The route's endpoint: it lets Starlette answer 405 to other methods; POST goes to ScoreEdge."""
    raise AssertionError(f"{request.method} {PATH} was routed past its edge")


def _only(asked: dict[str, list[str]], name: str) -> str | None:
    return asked[name][-1] if name in asked else None
