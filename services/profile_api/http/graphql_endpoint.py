"""GraphQL over HTTP: what one GET or POST on /graphql does, from headers to the reply."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.types import Receive, Scope, Send

from profile_api.access.sharing import Identity
from profile_api.graph.request import Answer, AnswerKind, Caller, GraphError, OperationKind
from profile_api.http.body import ClientGoneError, read_body
from profile_api.http.door import Door, RequestHeaders, bearer_token, headers_of
from profile_api.http.event_stream import EventStream
from profile_api.http.graphiql import graphiql_page
from profile_api.http.head import Head
from profile_api.http.metrics import REFUSALS, count_answer
from profile_api.http.negotiation import MediaType, acceptable, acceptable_json, check_content_type
from profile_api.http.observed import Observation, request_id
from profile_api.http.operations import Operations, Ready, error_body, identity_of, may_run_over_get
from profile_api.http.parameters import Parameters, parse_body, parse_query_string
from profile_api.http.refusal import InternalError, MalformedRequestError, MethodNotAllowedError, Refusal
from profile_api.http.reply import (
    Reply,
    reply_to_answer,
    reply_to_graph_error,
    reply_to_refusal,
    server_timing,
)
from profile_api.http.settings import EdgeSettings

_LONGEST_QUERY_STRING: Final = 16_000
_LOG: Final = logging.getLogger("parcours.http")
_NO_STORE: Final = b"cache-control: no-store\r\n"
_FIELDS: Final = b"vary: accept, authorization\r\n" + _NO_STORE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    scope: Scope
    receive: Receive
    send: Send
    headers: RequestHeaders
    accepted: tuple[MediaType, ...]

    @property
    def is_get(self) -> bool:
        return bool(self.scope["method"] == "GET")

    @property
    def media_type(self) -> MediaType:
        return next((kind for kind in self.accepted if kind is not MediaType.HTML), MediaType.JSON)


class GraphQLEndpoint:
    """As an ASGI application it answers whatever comes; `answer` is the short way for a POST that is already here."""

    def __init__(
        self, *, operations: Operations, door: Door, event_stream: EventStream, settings: EdgeSettings
    ) -> None:
        self._operations = operations
        self._door = door
        self._event_stream = event_stream
        self._settings = settings
        self._deepest = settings.deepest_variables

    def begin(self, head: Head, body: bytes, observed: Observation, give: Callable[[Reply], None]) -> bool:
        """Has a whole POST answered without a task; False, and nothing done, when that takes `answer`."""
        media_type, caller = head.media_type, self._door.recall(head.hash_of_token)
        if media_type is None or caller is None:
            return False
        try:
            parameters = parse_body(body, most=1, deepest=self._deepest)
            if isinstance(parameters, list):
                return False
            who = identity_of(caller)
            reading = self._operations.reading(parameters, caller, who, observed.trace_id)
        except Exception:  # noqa: BLE001  (`answer` meets it again, and tells the client and the log)
            return False
        if reading is None:
            return False

        def tell(told: Answer | Exception) -> None:
            give(self._told(told, media_type, who, observed.request_id))

        reading.send(tell)
        return True

    async def answer(self, head: Head, body: bytes, scope: Callable[[], Awaitable[Scope]]) -> Reply:
        """The reply to a whole POST that is not answered by a stream; never raises. `scope` is asked of strangers."""
        media_type = MediaType.JSON
        try:
            media_type = acceptable_json(head.fields.get("accept", ""))
            check_content_type(head.fields.get("content-type", ""))
            caller = self._door.recall(head.hash_of_token)
            if caller is None:
                caller = await self._door.caller_of(head.fields, await scope())
            return await self._answer_body(body, caller, media_type)
        except Exception as error:  # noqa: BLE001  (the edge of the process: `_failed` tells the client and the log)
            return self._failed(error, media_type, request_id.get())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope["headers"])
        of_errors = MediaType.JSON
        try:
            accepted = acceptable(headers.get("accept", ""))
            of_errors = acceptable_json(headers.get("accept", ""))
            exchange = _Exchange(scope=scope, receive=receive, send=send, headers=headers, accepted=accepted)
            reply = await self._reply(exchange)
        except ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001  (the edge of the process: `_failed` tells the client and the log)
            reply = self._failed(error, of_errors, request_id.get())
        if reply is not None:
            await reply.send(send)

    def _failed(self, error: Exception, media_type: MediaType, identity: bytes) -> Reply:
        if isinstance(error, GraphError):
            REFUSALS.labels(str(error.code)).inc()
            return reply_to_graph_error(error, media_type, draft=self._settings.draft_status_codes)
        if isinstance(error, Refusal):
            REFUSALS.labels(str(error.code)).inc()
            return reply_to_refusal(error, media_type)
        _LOG.error("request %s failed", identity.decode(), exc_info=error)
        return reply_to_refusal(InternalError(), media_type)

    async def _reply(self, exchange: _Exchange) -> Reply | None:
        if exchange.is_get and exchange.accepted[0] is MediaType.HTML and not self._settings.production:
            return graphiql_page()
        if exchange.scope["method"] not in ("GET", "POST"):
            raise MethodNotAllowedError("use POST, or GET for queries", allow="GET, POST")
        if not exchange.is_get:
            check_content_type(exchange.headers.get("content-type", ""))
        caller = await self._door.caller_of(exchange.headers, exchange.scope)
        parameters = await self._parameters(exchange)
        if isinstance(parameters, list):
            return await self._answer_batch(parameters, caller)
        try:
            ready = await self._operations.make_ready(parameters, caller)
        except GraphError as error:
            if exchange.media_type is not MediaType.EVENTS:
                raise
            REFUSALS.labels(str(error.code)).inc()
            await self._event_stream.refuse(error, exchange.send)
            return None
        if exchange.is_get and not may_run_over_get(ready):
            raise MethodNotAllowedError("only queries may be sent with GET; use POST", allow="POST")
        if exchange.media_type is MediaType.EVENTS or (
            _is_subscription(ready) and MediaType.EVENTS in exchange.accepted
        ):
            await self._stream(ready, exchange)
            return None
        return await self._answer(ready, exchange.media_type)

    async def _parameters(self, exchange: _Exchange) -> Parameters | list[Parameters]:
        settings = self._settings
        if exchange.is_get:
            return parse_query_string(
                exchange.scope["query_string"], longest=_LONGEST_QUERY_STRING, deepest=settings.deepest_variables
            )
        body = await read_body(
            exchange.receive,
            encoding=exchange.headers.get("content-encoding", "").strip().lower(),
            declared=exchange.headers.get("content-length", ""),
            limit=settings.largest_body,
            within_s=settings.body_within_s,
        )
        return parse_body(body, most=settings.largest_batch, deepest=settings.deepest_variables)

    async def _stream(self, ready: Ready, exchange: _Exchange) -> None:
        token = bearer_token(exchange.headers["authorization"]) or ""
        dismissed = partial(self._door.dismissed, token, exchange.scope, every_s=self._settings.recheck_caller_s)
        await self._event_stream.serve(ready, dismissed, exchange.receive, exchange.send)

    async def _answer_body(self, body: bytes, caller: Caller, media_type: MediaType) -> Reply:
        settings = self._settings
        parameters = parse_body(body, most=settings.largest_batch, deepest=settings.deepest_variables)
        if isinstance(parameters, list):
            return await self._answer_batch(parameters, caller)
        return await self._answer(await self._operations.make_ready(parameters, caller), media_type)

    async def _answer(self, ready: Ready, media_type: MediaType) -> Reply:
        if _is_subscription(ready):
            raise MalformedRequestError(
                "a subscription needs a transport that lasts: accept text/event-stream, or use a WebSocket"
            )
        return self._replied(await self._operations.run(ready), media_type, ready.who)

    def _told(self, told: Answer | Exception, media_type: MediaType, who: Identity, identity: bytes) -> Reply:
        try:
            if isinstance(told, Exception):
                return self._failed(told, media_type, identity)
            return self._replied(told, media_type, who)
        except Exception as error:  # noqa: BLE001  (others of the batch wait for their answers)
            return self._failed(error, media_type, identity)

    def _replied(self, answer: Answer, media_type: MediaType, who: Identity) -> Reply:
        count_answer(answer)
        fields = server_timing(answer.timings) + _FIELDS + self._operations.allowance_fields(who)
        return reply_to_answer(answer, media_type, draft=self._settings.draft_status_codes, fields=fields)

    async def _answer_batch(self, batch: list[Parameters], caller: Caller) -> Reply:
        answers = await asyncio.gather(*(self._answer_of_batched(parameters, caller) for parameters in batch))
        body = b"[" + b",".join(answer.body for answer in answers) + b"]"
        fields = _NO_STORE + self._operations.allowance_fields(identity_of(caller))
        return Reply(status=200, body=body, media_type=MediaType.JSON, fields=fields)

    async def _answer_of_batched(self, parameters: Parameters, caller: Caller) -> Answer:
        try:
            ready = await self._operations.make_ready(parameters, caller)
            if _is_subscription(ready):
                raise MalformedRequestError("a subscription cannot be part of a batch")
            answer = await self._operations.run(ready)
        except (GraphError, Refusal) as error:
            answer = Answer(kind=AnswerKind.INVALID, body=error_body(error))
        count_answer(answer)
        return answer


def _is_subscription(ready: Ready) -> bool:
    return ready.prepared.kind is OperationKind.SUBSCRIPTION
