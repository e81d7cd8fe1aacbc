"""Operations over server-sent events: the graphql-sse protocol in its "distinct connections" mode."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

from starlette.types import Message, Receive, Send

from profile_api.graph.request import GraphError, OperationKind
from profile_api.http.metrics import LISTENERS, count_answer
from profile_api.http.operations import Operations, Ready, error_body
from profile_api.http.refusal import OverloadedError
from profile_api.http.settings import EdgeSettings
from profile_api.http.sockets import OpenSockets, with_pauses

_COMPLETE: Final = b"event: complete\ndata: \n\n"
_PING: Final = b":\n\n"
_PING_EVERY_S: Final = 12.0
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """Serves one operation per connection: `next` events, then `complete`."""

    def __init__(self, *, operations: Operations, sockets: OpenSockets, settings: EdgeSettings) -> None:
        self._operations = operations
        self._sockets = sockets
        self._settings = settings

    async def serve(self, ready: Ready, dismissed: Callable[[], Awaitable[None]], receive: Receive, send: Send) -> None:
        """Streams until the operation ends, the client leaves or reads too slowly, or `dismissed` returns."""
        if not self._sockets.has_room():
            raise OverloadedError
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        with self._sockets.counted(), LISTENERS.labels("sse").track_inprogress():
            streaming = asyncio.create_task(self._stream(ready, send))
            tasks = {streaming, asyncio.create_task(_gone(receive)), asyncio.ensure_future(dismissed())}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self, error: GraphError, send: Send) -> None:
        """Tells a client that only reads events why its operation did not start."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send(_chunk(_next(error_body(error)) + _COMPLETE, last=True))

    async def _stream(self, ready: Ready, send: Send) -> None:
        async def send_in_time(data: bytes, *, last: bool = False) -> None:
            async with asyncio.timeout(self._settings.send_within_s):
                await send(_chunk(data, last=last))

        if ready.prepared.kind is not OperationKind.SUBSCRIPTION:
            answer = await self._operations.run(ready)
            count_answer(answer)
            await send_in_time(_next(answer.body) + _COMPLETE, last=True)
            return
        await send_in_time(_PING)  # headers leave at once, so that the client knows it is connected
        async with aclosing(with_pauses(self._operations.listen(ready), every_s=_PING_EVERY_S)) as answers:
            async for event in answers:
                if event is None:
                    await send_in_time(_PING)
                else:
                    count_answer(event)
                    await send_in_time(_next(event.body))
        await send_in_time(_COMPLETE, last=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(body: bytes) -> bytes:
    # The answers are JSON, in which line breaks are escaped: one data line is always enough.
    return b"event: next\ndata: " + body.replace(b"\n", b" ") + b"\n\n"


def _chunk(data: bytes, *, last: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": not last}
