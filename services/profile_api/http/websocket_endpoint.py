"""Operations over WebSockets: one connection of the graphql-transport-ws protocol, from handshake to close."""

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from profile_api.graph.request import Answer, AnswerKind, Caller, ErrorCode, GraphError, OperationKind
from profile_api.http import websocket_messages as words
from profile_api.http.door import Door, bearer_token
from profile_api.http.metrics import LISTENERS, REFUSALS, count_answer
from profile_api.http.operations import Operations, Ready, errors_of
from profile_api.http.parameters import Parameters
from profile_api.http.refusal import MalformedRequestError, OverloadedError, Refusal
from profile_api.http.settings import EdgeSettings
from profile_api.http.sockets import OpenSockets
from profile_api.http.websocket_messages import Close

_NEVER_RAN: Final = frozenset(AnswerKind) - {AnswerKind.OK, AnswerKind.PARTIAL}


class WebSocketEndpoint:
    """A raw ASGI application that serves the WebSocket at /graphql."""

    def __init__(self, *, operations: Operations, door: Door, sockets: OpenSockets, settings: EdgeSettings) -> None:
        self._operations = operations
        self._door = door
        self._sockets = sockets
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not self._origin_allowed(socket):
            await socket.close(Close.FORBIDDEN)  # before the handshake: becomes a 403
            return
        if words.SUBPROTOCOL not in scope.get("subprotocols", ()):
            await socket.accept()
            await socket.close(Close.SUBPROTOCOL_NOT_ACCEPTABLE, f"Subprotocol not acceptable: use {words.SUBPROTOCOL}")
            return
        await socket.accept(subprotocol=words.SUBPROTOCOL)
        if not self._sockets.has_room():
            await socket.close(Close.TRY_AGAIN_LATER, "Too many connections")
            return
        with self._sockets.counted():
            await Conversation(socket, self._operations, self._door, self._settings).hold()

    def _origin_allowed(self, socket: WebSocket) -> bool:
        # Browsers always say where a script comes from, and do not apply CORS to WebSockets.
        origin = socket.headers.get("origin")
        if origin is None or origin in self._settings.cors_origins:
            return True
        return origin.partition("://")[2] == socket.headers.get("host")


class Conversation:
    """One open connection: who it is, which operations run on it."""

    def __init__(self, socket: WebSocket, operations: Operations, door: Door, settings: EdgeSettings) -> None:
        self._socket = socket
        self._operations = operations
        self._door = door
        self._settings = settings
        self._caller: Caller | None = None
        self._init_seen = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._over = asyncio.Event()

    async def hold(self) -> None:
        """Serves messages until either side hangs up; then everything that still runs is stopped."""
        tasks = {
            asyncio.create_task(self._serve_messages()),
            asyncio.create_task(self._hang_up_without_init()),
            asyncio.create_task(self._over.wait()),
        }
        try:
            while not self._over.is_set():
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks = {task for task in tasks if not task.done()}
        finally:
            tasks |= {*self._running.values(), *([self._watch] if self._watch else [])}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_messages(self) -> None:
        try:
            while True:
                await self._handle(words.read_message(await self._receive_text()))
        except words.BadMessageError as error:
            await self._close(Close.BAD_MESSAGE, str(error))
        except WebSocketDisconnect:
            self._over.set()

    async def _receive_text(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise words.BadMessageError("Messages must be text")
        return str(text)

    async def _handle(self, message: words.ClientMessage) -> None:
        match message:
            case words.ConnectionInit():
                await self._initialise(message.payload or {})
            case words.Ping():
                await self._send(words.pong(message.payload))
            case words.Pong():
                pass
            case words.Subscribe():
                await self._subscribe(message.id, message.payload)
            case words.Complete():
                if (task := self._running.pop(message.id, None)) is not None:
                    task.cancel()

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self._init_seen:
            await self._close(Close.TOO_MANY_INITS, "Too many initialisation requests")
            return
        self._init_seen = True
        token = self._token(payload)
        try:
            if token is None:
                raise MalformedRequestError("no token")
            self._caller = await self._door.caller_with(token, self._socket.scope)
        except OverloadedError:
            await self._close(Close.TRY_AGAIN_LATER, "Try again later")
            return
        except Refusal:
            await self._close(Close.FORBIDDEN, "Forbidden")
            return
        self._watch = asyncio.create_task(self._hang_up_when_dismissed(token))
        await self._send(words.ack())

    def _token(self, payload: dict[str, Any]) -> str | None:
        """Browsers cannot set headers on a WebSocket, so the token may come in the payload of connection_init."""
        header = self._socket.headers.get("authorization")
        for name in ("authorization", "Authorization", "token"):
            value = payload.get(name)
            if isinstance(value, str):
                return bearer_token(value) or value
        return bearer_token(header) if header else None

    async def _subscribe(self, operation_id: str, parameters: Parameters) -> None:
        caller = self._caller
        if caller is None:
            await self._close(Close.UNAUTHORIZED, "Unauthorized")
        elif operation_id in self._running:
            await self._close(Close.SUBSCRIBER_EXISTS, f"Subscriber for {operation_id} already exists")
        elif len(self._running) >= self._settings.most_subscriptions:
            most = self._settings.most_subscriptions
            refusal = GraphError(f"at most {most} operations may run on one connection", code=ErrorCode.LIMIT_EXCEEDED)
            await self._send(words.errors(operation_id, errors_of(refusal)))
        else:
            task = asyncio.create_task(self._run(operation_id, parameters, caller))
            self._running[operation_id] = task
            task.add_done_callback(lambda done: self._forget(operation_id, done))

    def _forget(self, operation_id: str, done: asyncio.Task[None]) -> None:
        if self._running.get(operation_id) is done:
            del self._running[operation_id]

    async def _run(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        try:
            ready = await self._operations.make_ready(parameters, caller)
            if ready.prepared.kind is OperationKind.SUBSCRIPTION:
                with LISTENERS.labels("websocket").track_inprogress():
                    completed = await self._stream(operation_id, ready)
            else:
                completed = await self._answer(operation_id, await self._operations.run(ready))
        except (GraphError, Refusal) as error:
            REFUSALS.labels(str(error.code)).inc()
            self._running.pop(operation_id, None)
            await self._send(words.errors(operation_id, errors_of(error)))
            return
        self._running.pop(operation_id, None)  # the id is free again before the client can know
        if completed:
            await self._send(words.complete(operation_id))

    async def _stream(self, operation_id: str, ready: Ready) -> bool:
        answers: Any = self._operations.listen(ready)
        async with aclosing(answers):
            async for answer in answers:
                if not await self._answer(operation_id, answer):
                    return False
        return True

    async def _answer(self, operation_id: str, answer: Answer) -> bool:
        """Sends one answer; False when it was an `error`, which ends the operation."""
        count_answer(answer)
        if answer.kind in _NEVER_RAN:
            found = msgspec.json.decode(answer.body).get("errors", [])
            self._running.pop(operation_id, None)
            await self._send(words.errors(operation_id, found))
            return False
        await self._send(words.next_answer(operation_id, answer.body))
        return True

    async def _send(self, text: str) -> None:
        """Sends in order; a client that does not read holds up its own events only, and not for long."""
        try:
            async with asyncio.timeout(self._settings.send_within_s), self._sending:
                await self._socket.send_text(text)
        except TimeoutError:
            await self._close(Close.TRY_AGAIN_LATER, "The client reads too slowly")
        except (WebSocketDisconnect, RuntimeError):
            self._over.set()  # the client left between two messages

    async def _close(self, code: Close, reason: str) -> None:
        if self._over.is_set():
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._settings.send_within_s):
                await self._socket.close(code, reason[:120])
        self._over.set()

    async def _hang_up_without_init(self) -> None:
        await asyncio.sleep(self._settings.init_within_s)
        if not self._init_seen:
            await self._close(Close.INIT_TIMEOUT, "Connection initialisation timeout")

    async def _hang_up_when_dismissed(self, token: str) -> None:
        await self._door.dismissed(token, self._socket.scope, every_s=self._settings.recheck_caller_s)
        await self._close(Close.FORBIDDEN, "Forbidden")
