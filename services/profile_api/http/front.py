"""The front of the process: answers whole POSTs to /graphql itself, hands every other request on to uvicorn.

Tasks, events, timers, scopes and messages that ASGI needs for each request cost more than everything else that is done
for a small query. Most requests need none of them: they arrive in one piece and are answered in one piece.
"""

import asyncio
import time
from typing import Any, Final, cast

from starlette.types import Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from profile_api.http.cross_origin import CrossOrigin
from profile_api.http.graphql_endpoint import GraphQLEndpoint
from profile_api.http.handed_over import LARGEST_HEAD, HandedOver, Watched
from profile_api.http.head import END, Head, read_head
from profile_api.http.metrics import flush
from profile_api.http.negotiation import MediaType
from profile_api.http.observed import Observation, ids_given
from profile_api.http.refusal import HeadTooLargeError, Refusal, TooSlowError
from profile_api.http.reply import Reply, reply_to_refusal
from profile_api.http.settings import EdgeSettings

_HEADS_REMEMBERED: Final = 4  # by each connection: one client asks with few different ones
_LARGEST_REMEMBERED: Final = 4 * 1024
_LARGEST_BODY: Final = 64 * 1024  # of one that is read before the caller is known; larger ones go the long way
_LOOK_EVERY_S: Final = 0.25
_CLOSE: Final = b"connection: close\r\n"


class Front:
    """What the connections of a process share: who answers, and how long they may keep us waiting."""

    def __init__(self, endpoint: GraphQLEndpoint, settings: EdgeSettings, cross_origin: CrossOrigin) -> None:
        self.endpoint = endpoint
        self.settings = settings
        self.cross_origin = cross_origin
        self.connections: set[Watched] = set()

    async def watch(self) -> None:
        """Ends connections that keep us waiting. One look at all now and then costs less than a timer for each."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            flush()
            now = time.perf_counter()
            for connection in list(self.connections):
                connection.look_at_the_time(now)


class FrontConnection(asyncio.Protocol):
    """One connection, one request at a time; uvicorn makes it as it makes its own protocols."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._front: Front = app_state["front"]
        self._loop = _loop or asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._arrived = bytearray()  # of requests not answered yet
        self._needed = 0  # bytes until the request in `_arrived` is whole, once its head says so
        self._heads: dict[bytes, Head] = {}
        self._is_busy = False  # one request is under way
        self._cross_origin = b""  # what the response to it says to other origins
        self._observation: Observation
        self._since = time.perf_counter()  # when it last moved
        self._may_write = True
        self._is_paused = False
        self._is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is TCP or TLS
        self._transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]
        self._front.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._is_ending = True  # an operation under way is let finish: it may be a mutation

    def data_received(self, data: bytes) -> None:
        if self._is_busy or not self._may_write:
            self._arrived += data
            self._transport.pause_reading()  # a client that sends ahead waits for its answers
            self._is_paused = True
        elif not self._arrived:
            self._take(data)
        else:
            self._arrived += data
            if len(self._arrived) >= self._needed:
                self._take(bytes(self._arrived))

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._go_on()

    def shutdown(self) -> None:
        """uvicorn asks for a graceful end."""
        self._is_ending = True
        if not self._is_busy:
            self._transport.close()

    def look_at_the_time(self, now: float) -> None:
        """Ends the connection when the client is idle, sends or reads too slowly."""
        if self._is_busy:
            return  # the operation has its own deadline
        settings = self._front.settings
        waited = now - self._since
        if not self._may_write:
            if waited > settings.send_within_s:
                self._transport.abort()
        elif self._arrived:
            if waited > settings.body_within_s:
                self._refuse(TooSlowError(settings.body_within_s))
        elif waited > self._config.timeout_keep_alive:
            self._transport.close()

    def _take(self, arrived: bytes) -> None:
        """Reads the first request of what has arrived: answers it, waits for the rest of it, or hands it on."""
        end = arrived.find(END) + len(END)
        if end < len(END):
            self._wait(arrived, needed=0)
            return
        head = self._heads.get(arrived[:end]) or self._read(arrived[:end])
        if head is None:
            self._hand_over(arrived)
            return
        whole = end + head.body_length
        if len(arrived) < whole:
            self._wait(arrived, needed=whole)
            return
        if self._arrived or len(arrived) > whole:
            self._arrived[:] = arrived[whole:]
        self._is_busy = True
        self._cross_origin = head.cross_origin
        self._observation = Observation(head.ids)
        body = arrived[end:whole]
        if not self._front.endpoint.begin(head, body, self._observation, self._give):
            task = self._loop.create_task(self._answer(head, body))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    def _wait(self, arrived: bytes, *, needed: int) -> None:
        """Keeps the beginning of a request until `needed` bytes are here; 0: until its head is."""
        self._needed = needed
        if not self._arrived:
            self._since = time.perf_counter()
            self._arrived += arrived
        if not needed and len(arrived) > LARGEST_HEAD:
            self._refuse(HeadTooLargeError(LARGEST_HEAD))

    def _read(self, raw: bytes) -> Head | None:
        """A head not met before on this connection; None when its request is not for us."""
        most = self._config.limit_concurrency
        if most is not None and max(len(self._state.connections), len(self._state.tasks)) >= most:
            return None  # uvicorn turns it away
        head = read_head(raw, self._front.cross_origin)
        if head is None or head.body_length > min(_LARGEST_BODY, self._front.settings.largest_body):
            return None
        if len(raw) <= _LARGEST_REMEMBERED:
            if len(self._heads) >= _HEADS_REMEMBERED:
                self._heads.clear()
            self._heads[raw] = head
        return head

    async def _answer(self, head: Head, body: bytes) -> None:
        self._observation.enter()
        try:
            reply = await self._front.endpoint.answer(head, body, lambda: self._scope(head))
        except asyncio.CancelledError:  # at its end the server has waited for as long as it may
            self._transport.abort()
            raise
        self._give(reply)

    def _give(self, reply: Reply) -> None:
        """Sends the reply to the request under way."""
        now = self._since = time.perf_counter()
        self._send(reply, self._observation, now, self._cross_origin)
        self._observation.ended("/graphql", reply.status, now)
        self._state.total_requests += 1
        self._is_busy = False
        if self._is_paused or self._arrived or self._is_ending:
            self._loop.call_soon(self._go_on)  # not from here: who sends ahead may be given a reply while it asks

    def _send(self, reply: Reply, observation: Observation, now: float, more: bytes = b"") -> None:
        if not self._transport.is_closing():
            more += observation.fields(now)
            self._transport.write(reply.in_bytes(more + _CLOSE if self._is_ending else more))

    def _go_on(self) -> None:
        if self._transport.is_closing() or self._is_busy or not self._may_write:
            return
        if self._is_ending:
            self._transport.close()
            return
        if self._arrived:
            self._take(bytes(self._arrived))
        if self._is_paused and not self._is_busy:  # not while a request is here that was not answered
            self._is_paused = False
            self._transport.resume_reading()

    def _refuse(self, refusal: Refusal) -> None:
        observation = Observation(ids_given(()))
        self._is_ending = True
        now = time.perf_counter()
        self._send(reply_to_refusal(refusal, MediaType.JSON), observation, now)
        self._transport.close()
        observation.ended("other", refusal.status, now)

    def _hand_over(self, arrived: bytes) -> None:
        """Lets uvicorn's own protocol read the request from its first byte, and all that follow on the connection."""
        self._forget()
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        settings = self._front.settings
        handed = HandedOver(
            *(self._config, self._state, self._app_state, self._loop),
            watched=self._front.connections,
            head_within_s=settings.body_within_s,
            send_within_s=settings.send_within_s,
        )
        self._transport.set_protocol(handed)
        handed.connection_made(self._transport)
        handed.data_received(arrived)

    def _forget(self) -> None:
        self._state.connections.discard(self)
        self._front.connections.discard(self)

    async def _scope(self, head: Head) -> Scope:
        """What the door wants to know of a stranger: the address, a trusted proxy's word for it included."""
        scope: Scope = {
            "type": "http",
            "scheme": "http",
            "client": get_remote_addr(self._transport),
            "headers": list(head.headers),
        }
        if self._config.proxy_headers:
            proxied: Any = ProxyHeadersMiddleware(cast("Any", _nothing), trusted_hosts=self._config.forwarded_allow_ips)
            await proxied(scope, _no_receive, _no_send)
        return scope


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


async def _no_receive() -> Message:
    return {"type": "http.disconnect"}


async def _no_send(_: Message) -> None: ...
