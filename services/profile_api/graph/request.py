"""What the HTTP edge and the graph engine say to each other: who asks, what is asked, what comes back.

The values made for each request are `msgspec.Struct`s: a frozen dataclass takes seven times as long to make.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from customer.errors import ParcoursError


class Scope(StrEnum):
    """One group of fields a caller may or may not read or write; a field without the caller's scope is masked."""

    PROFILE = "PROFILE"  # who the customer is to us, without what identifies them: stage, metrics, preferences
    PII = "PII"  # names, addresses, identifiers
    JOURNEY = "JOURNEY"  # touchpoints, orders, purchase journeys
    PREDICTIONS = "PREDICTIONS"
    SERVICE = "SERVICE"  # tickets, contacts, satisfaction
    CONSENTS = "CONSENTS"
    BASE_FIGURES = "BASE_FIGURES"
    MODELS = "MODELS"  # models in force, their figures, the lifecycle policy
    WRITE = "WRITE"  # mutations
    FEDERATION = "FEDERATION"  # _service and _entities, for the router


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody authenticated. `tenant_id` is the only source of the tenant predicate of every statement."""

    tenant_id: int
    subject: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset()


class GraphQLRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation as the client sent it, well-formed as JSON but otherwise unchecked."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = {}


class OperationKind(StrEnum):
    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"


class AnswerKind(StrEnum):
    """What an HTTP status is chosen from (GraphQL over HTTP: 200, 200 or 294, 400, 422, 403, 503)."""

    OK = "OK"  # data, no errors
    PARTIAL = "PARTIAL"  # data (possibly null) and errors: the operation was executed
    UNPARSABLE = "UNPARSABLE"  # the document is not GraphQL
    INVALID = "INVALID"  # validation, ambiguous operation, variable coercion, limits
    FORBIDDEN = "FORBIDDEN"  # nothing of the operation is the caller's to ask
    OVERLOADED = "OVERLOADED"  # the queue is full or the deadline passed before the statement was sent
    UNAVAILABLE = "UNAVAILABLE"  # the database is away


class ErrorCode(StrEnum):
    """`extensions.code` of every error: a closed set clients may switch on."""

    PARSE_FAILED = "PARSE_FAILED"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BAD_VARIABLE = "BAD_VARIABLE"
    BAD_OPERATION = "BAD_OPERATION"  # none of that name, several and no name, or not allowed over this transport
    BAD_ID = "BAD_ID"
    BAD_CURSOR = "BAD_CURSOR"
    BAD_ARGUMENT = "BAD_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    VALUE_UNREPRESENTABLE = "VALUE_UNREPRESENTABLE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    OVERLOADED = "OVERLOADED"
    UNAVAILABLE = "UNAVAILABLE"  # the database is away
    BAD_REQUEST = "BAD_REQUEST"  # not a GraphQL request over HTTP: media type, JSON, shape of the body
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL = "INTERNAL"


class Timings(msgspec.Struct, frozen=True, gc=False):
    """Seconds spent: making the plan (0 when cached), waiting for a connection, in PostgreSQL, finishing."""

    plan_s: float = 0.0
    queue_s: float = 0.0
    database_s: float = 0.0
    finish_s: float = 0.0
    batch_size: int = 1


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A finished GraphQL response: `body` is its JSON text in UTF-8."""

    kind: AnswerKind
    body: bytes
    timings: Timings = Timings()
    operation: OperationKind | None = None


Tell = Callable[[Answer | Exception], None]


class GraphExecutor(Protocol):
    """What the HTTP edge needs of the engine (`profile_api.graph.engine.GraphEngine`).

    `now` is the instant the request is answered at; everything that depends on the clock depends on it.
    Errors of the request come back as an `Answer`, never as an exception.
    """

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> "Prepared":
        """Parses, validates and plans (cached; off the event loop). Raises `GraphError` or its subclasses."""
        ...

    def reading(
        self, request: GraphQLRequest, caller: Caller, *, now: datetime, deadline_s: float, trace: bytes
    ) -> "Reading | None":
        """The operation, when it is a query that was met before and takes nothing but one statement; else None: then
        `prepare` and `execute` answer it. `trace` is the W3C trace it belongs to. Raises as `prepare` does."""
        ...

    async def execute(
        self,
        request: GraphQLRequest,
        caller: Caller,
        *,
        now: datetime,
        deadline_s: float = 10.0,
        prepared: "Prepared | None" = None,
    ) -> Answer:
        """Answers a query or a mutation. `prepared`: what `prepare` made of the same request, to not do it twice."""
        ...

    def subscribe(self, request: GraphQLRequest, caller: Caller) -> AsyncIterator[Answer]:
        """Answers a subscription, one answer per event; ends when the iterator is closed. The engine reads the
        clock for each event."""
        ...


class Prepared(Protocol):
    """A validated operation: what the edge may look at before it lets it run."""

    @property
    def kind(self) -> OperationKind: ...

    @property
    def cost(self) -> int:
        """An upper bound on the rows the operation may return."""
        ...

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes its fields need, the caller's or not (for audit)."""
        ...


class Reading(Protocol):
    """A query about to be sent, without a task: answers of a batch are told one after the other, by callback."""

    @property
    def cost(self) -> int:
        """As of `Prepared`."""
        ...

    def send(self, tell: Tell) -> None:
        """Has it answered: `tell`, which must not raise, is called once, with what `execute` would have returned or
        raised."""
        ...


class GraphError(ParcoursError):
    """A request that cannot be answered as asked; becomes one entry of `errors` with a code."""

    def __init__(self, message: str, *, code: ErrorCode, kind: AnswerKind = AnswerKind.INVALID) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.kind = kind
