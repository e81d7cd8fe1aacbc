"""uvicorn's HTTP protocol, with the limits it lacks: on the size of a head, and on waiting for heads and readers."""

import asyncio
import time
from typing import Any, Final, Protocol

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

LARGEST_HEAD: Final = 32 * 1024


class Watched(Protocol):
    """A connection that somebody looks at now and then."""

    def look_at_the_time(self, now: float) -> None:
        """Ends itself when the client has kept it waiting; `now` is of `time.perf_counter`."""


class HandedOver(HttpToolsProtocol):
    """A connection that asks for something else than whole POSTs to /graphql."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        *,
        watched: set[Watched],
        head_within_s: float,
        send_within_s: float,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self._watched = watched
        self._head_within_s = head_within_s
        self._send_within_s = send_within_s
        self._head_began: float | None = None
        self._stuck_since: float | None = None
        self._head_size = 0
        watched.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watched.discard(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._watched.discard(self)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        self._stuck_since = time.perf_counter()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stuck_since = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._head_began = time.perf_counter()
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_began = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if self._head_began is not None:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self._end("The request's head is too large.")
                return
        super().data_received(data)

    def look_at_the_time(self, now: float) -> None:
        if self._head_began is not None and now - self._head_began > self._head_within_s:
            self._end("The request's head took too long.")
        elif self._stuck_since is not None and now - self._stuck_since > self._send_within_s:
            self.transport.abort()

    def _end(self, problem: str) -> None:
        self._head_began = None
        self.send_400_response(problem)
