"""A whole executor in one page, on graphql-core and without a database: what the edge does must not depend on more."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute,
    parse,
    subscribe,
    validate,
)

from profile_api.graph.errors import InvalidOperationError, located, refused
from profile_api.graph.request import (
    Answer,
    AnswerKind,
    Caller,
    ErrorCode,
    GraphError,
    GraphQLRequest,
    OperationKind,
    Prepared,
    Scope,
    Tell,
)

SDL = """
type Query {
  hello(name: String = "world"): String!
  tenant: Int!
  broken: String
  wait(seconds: Float!): String!
  cost(of: Int!): Int!
  node(id: ID!): Thing
  deep(input: Deep): Int
  crash: Int
}
type Thing { id: ID!  name: String }
input Deep { child: Deep  n: Int }
type Mutation { rename(name: String!): String! }
type Subscription { count(to: Int!, every: Float = 0): Int!  flood(bytes: Int!): String! }
"""


@dataclass(frozen=True, kw_only=True)
class SmallPrepared:
    kind: OperationKind
    cost: int
    scopes: frozenset[Scope]
    document: DocumentNode


@dataclass(frozen=True, kw_only=True)
class SmallReading:
    engine: "SmallEngine"
    prepared: SmallPrepared
    request: GraphQLRequest
    caller: Caller

    @property
    def cost(self) -> int:
        return int(self.request.variables.get("of", 1))

    def send(self, tell: Tell) -> None:
        asyncio.get_running_loop().call_soon(
            lambda: tell(self.engine.executed(self.prepared, self.request, self.caller))
        )


class SmallEngine:
    """Implements `GraphExecutor`; `renamed` and `open_subscriptions` let tests see what happened."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(SDL)
        self.renamed: list[str] = []
        self.open_subscriptions = 0
        self.produced = 0
        self.waiting = 0
        self._met: dict[tuple[str, str | None], SmallPrepared] = {}

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> SmallPrepared:
        try:
            document = parse(request.query)
        except GraphQLError as error:
            raise InvalidOperationError([located(error, ErrorCode.PARSE_FAILED)], kind=AnswerKind.UNPARSABLE) from error
        found = validate(self.schema, document, max_errors=5, hide_suggestions=True)
        if found:
            raise InvalidOperationError([located(error, ErrorCode.VALIDATION_FAILED) for error in found])
        operations = [
            node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
            and (request.operation_name in (None, "") or (node.name and node.name.value == request.operation_name))
        ]
        if len(operations) != 1:
            raise InvalidOperationError([located(GraphQLError("no such operation"), ErrorCode.BAD_OPERATION)])
        operation = operations[0]
        prepared = self._met[request.query, request.operation_name] = SmallPrepared(
            kind=OperationKind(operation.operation.value),
            cost=int(request.variables.get("of", 1)),
            scopes=frozenset(),
            document=document,
        )
        return prepared

    def reading(
        self, request: GraphQLRequest, caller: Caller, *, now: datetime, deadline_s: float, trace: bytes
    ) -> "SmallReading | None":
        """Queries met before whose fields wait for nothing, as the real engine has it for queries of one statement."""
        prepared = self._met.get((request.query, request.operation_name))
        if prepared is None or prepared.kind is not OperationKind.QUERY or "wait(" in request.query:
            return None
        return SmallReading(engine=self, prepared=prepared, request=request, caller=caller)

    async def execute(
        self,
        request: GraphQLRequest,
        caller: Caller,
        *,
        now: datetime,
        deadline_s: float = 10.0,
        prepared: Prepared | None = None,
    ) -> Answer:
        try:
            ready = prepared if isinstance(prepared, SmallPrepared) else await self.prepare(request, caller)
        except GraphError as error:
            return refused(error)
        result = self._result(ready, request, caller)
        if asyncio.iscoroutine(result):
            result = await result
        return _answer(result, ready.kind)

    def executed(self, ready: SmallPrepared, request: GraphQLRequest, caller: Caller) -> Answer:
        """The answer to what waits for nothing."""
        return _answer(self._result(ready, request, caller), ready.kind)

    def _result(self, ready: SmallPrepared, request: GraphQLRequest, caller: Caller) -> Any:
        return execute(
            self.schema,
            ready.document,
            root_value=_Root(self, caller),
            variable_values=dict(request.variables),
            operation_name=request.operation_name or None,
        )

    async def subscribe(self, request: GraphQLRequest, caller: Caller) -> AsyncIterator[Answer]:
        prepared = await self.prepare(request, caller)
        stream: Any = subscribe(
            self.schema,
            prepared.document,
            root_value=_Root(self, caller),
            variable_values=dict(request.variables),
            operation_name=request.operation_name or None,
        )
        if asyncio.iscoroutine(stream):
            stream = await stream
        if not hasattr(stream, "__aiter__"):
            yield _answer(stream, prepared.kind)
            return
        async for result in stream:
            yield _answer(result, prepared.kind)


class _Root:
    def __init__(self, engine: SmallEngine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller

    def hello(self, _: Any, name: str) -> str:
        return f"hello {name}"

    def tenant(self, _: Any) -> int:
        return self._caller.tenant_id

    def broken(self, _: Any) -> str:
        raise ValueError("broken on purpose")

    def node(self, _: Any, id: str) -> dict[str, str] | None:
        return {"id": id, "name": "thing"} if id == "1" else None

    def deep(self, _: Any, input: Any = None) -> int:
        return 1

    async def wait(self, _: Any, seconds: float) -> str:
        self._engine.waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._engine.waiting -= 1
        return "waited"

    def cost(self, _: Any, of: int) -> int:
        return of

    def rename(self, _: Any, name: str) -> str:
        self._engine.renamed.append(name)
        return name

    async def count(self, _: Any, to: int, every: float) -> AsyncGenerator[dict[str, int], None]:
        self._engine.open_subscriptions += 1
        try:
            for number in range(to):
                await asyncio.sleep(every)
                self._engine.produced += 1
                yield {"count": number}
        finally:
            self._engine.open_subscriptions -= 1

    async def flood(self, _: Any, bytes: int) -> AsyncGenerator[dict[str, str], None]:
        self._engine.open_subscriptions += 1
        try:
            while True:
                self._engine.produced += 1
                yield {"flood": "x" * bytes}
                await asyncio.sleep(0)
        finally:
            self._engine.open_subscriptions -= 1


def _answer(result: Any, kind: OperationKind) -> Answer:
    if result.errors and result.data is None and all(error.path is None for error in result.errors):
        bad = [located(error, ErrorCode.BAD_VARIABLE) for error in result.errors]
        return refused(InvalidOperationError(bad), operation=kind)
    answer_kind = AnswerKind.PARTIAL if result.errors else AnswerKind.OK
    return Answer(kind=answer_kind, body=msgspec.json.encode(result.formatted), operation=kind)
