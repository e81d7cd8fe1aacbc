"""Answers GraphQL operations: document, plan, statement, finish."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from graphql import NoSchemaIntrospectionCustomRule

from profile_api.graph.arguments import Arguments, Values
from profile_api.graph.dispatch import Dispatcher, StatementError
from profile_api.graph.documents import Document, Documents
from profile_api.graph.errors import refused
from profile_api.graph.finish import fast_body, full_body
from profile_api.graph.live import LIVE, LiveAnswer, LiveScorer, spliced
from profile_api.graph.plan import Plan
from profile_api.graph.planner import Planner
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
    Timings,
)
from profile_api.graph.schema import catalogue
from profile_api.graph.subscriptions import CHANGE, Watch, utc_now
from profile_api.rescoring.outcomes import ScoringOutcome

_EVENT_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedOperation:
    """What the edge may know of an operation before it runs."""

    document: Document
    values: Values

    @property
    def kind(self) -> OperationKind:
        return self.document.kind

    @property
    def cost(self) -> int:
        return self.document.cost.rows(self.values)

    @property
    def scopes(self) -> frozenset[Scope]:
        return self.document.scopes


@dataclass(slots=True, kw_only=True)
class _Asking:
    """One read under way."""

    document: Document
    plan: Plan
    values: Values
    request: GraphQLRequest
    caller: Caller
    now: datetime
    deadline: float  # by time.perf_counter

    @property
    def left_s(self) -> float:
        return self.deadline - time.perf_counter()


class GraphEngine:
    """One per process: the schema, the plans in use and the connections."""

    def __init__(
        self,
        database_url: str,
        *,
        connections: int = 4,
        document_cache: int = 1000,
        introspection: bool = True,
        live_scorer: LiveScorer | None = None,
    ) -> None:
        self.catalogue = catalogue()
        rules = () if introspection else (NoSchemaIntrospectionCustomRule,)
        self._documents = Documents(self.catalogue, capacity=document_cache, rules=rules)
        self._dispatcher = Dispatcher(database_url, connections=connections)
        self._live_scorer = live_scorer
        self._watch = Watch(database_url)

    async def start(self) -> None:
        """Opens the connections and reads the schema, so that the first request does not wait for either."""
        await asyncio.gather(self._dispatcher.start(), self._documents.warm_up())

    async def close(self) -> None:
        await self._watch.close()
        await self._dispatcher.close()
        if self._live_scorer is not None:
            await self._live_scorer.aclose()
        self._documents.close()

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> PreparedOperation:
        """Parses, validates and plans. Errors: GraphError."""
        document = self._documents.find(request, caller) or await self._documents.get(request, caller)
        values = document.coerce(request.variables)
        return PreparedOperation(document=document, values=values)

    async def execute(
        self,
        request: GraphQLRequest,
        caller: Caller,
        *,
        now: datetime,
        deadline_s: float = 10.0,
        prepared: Prepared | None = None,
    ) -> Answer:
        """Answers a query or a mutation; what is wrong with the request is told in the answer."""
        started = time.perf_counter()
        document: Document | None = None
        try:
            if not isinstance(prepared, PreparedOperation):
                prepared = await self.prepare(request, caller)
            document, values = prepared.document, prepared.values
            if document.kind is OperationKind.SUBSCRIPTION:
                raise GraphError("a subscription is listened to, not executed", code=ErrorCode.BAD_OPERATION)
            plan = document.find_plan(values) or await self._documents.plan(document, values)
            asking = _Asking(
                document=document,
                plan=plan,
                values=values,
                request=request,
                caller=caller,
                now=now,
                deadline=started + deadline_s,
            )
            return await self._read(asking, plan_s=time.perf_counter() - started)
        except GraphError as error:
            return refused(error, operation=document.kind if document else None)

    async def subscribe(self, request: GraphQLRequest, caller: Caller) -> AsyncGenerator[Answer, None]:
        """Answers a subscription: one answer per event until it is closed; a refusal is the only answer."""
        try:
            document = await self._documents.get(request, caller)
            values = document.coerce(request.variables)
            plan = document.find_plan(values) or await self._documents.plan(document, values)
            name, arguments = self._subscribed(document, values)
            async with aclosing(self._watch.changes(name, arguments, values, tenant_id=caller.tenant_id)) as changes:
                async for change in changes:
                    asking = _Asking(
                        document=document,
                        plan=plan,
                        values={**values, CHANGE: change},
                        request=request,
                        caller=caller,
                        now=utc_now(),
                        deadline=time.perf_counter() + _EVENT_DEADLINE_S,
                    )
                    yield await self._read(asking, plan_s=0.0)
        except GraphError as error:
            yield refused(error, operation=OperationKind.SUBSCRIPTION)

    def _subscribed(self, document: Document, values: Values) -> tuple[str, Arguments]:
        """The one root field of a subscription, when the caller may listen to it."""
        root = self.catalogue.root_type(document.operation.operation)
        planner = Planner(self.catalogue, document.fragments, values, document.granted)
        fields = [nodes[0] for nodes in planner.collect(root, [document.operation.selection_set]).values()]
        if document.kind is not OperationKind.SUBSCRIPTION or len(fields) != 1:
            raise GraphError("a subscription asks for one field", code=ErrorCode.BAD_OPERATION)
        name = fields[0].name.value
        scope = self.catalogue.field(root.name, name).scope
        if scope is not None and scope not in document.granted:
            raise GraphError(
                f"listening to {name} needs the scope {scope}", code=ErrorCode.FORBIDDEN, kind=AnswerKind.FORBIDDEN
            )
        return name, Arguments(fields[0], root.fields[name].args)

    async def _read(self, asking: _Asking, *, plan_s: float) -> Answer:
        plan = asking.plan
        arguments = plan.bind(asking.values, asking.caller, asking.now)
        try:
            reply = await self._dispatcher.ask(plan, arguments, deadline_s=asking.left_s)
            text = await self._spliced(plan, reply.text, asking) if plan.live else reply.text
        except StatementError:
            kind, body = await self._field_by_field(asking)
            return Answer(kind=kind, body=body, operation=asking.document.kind, timings=Timings(plan_s=plan_s))
        finishing = time.perf_counter()
        fast = fast_body(plan, text)
        kind, body = (AnswerKind.OK, fast) if fast is not None else await self._full(asking, text)
        timings = Timings(
            plan_s=plan_s,
            queue_s=reply.queue_s,
            database_s=reply.database_s,
            finish_s=time.perf_counter() - finishing,
            batch_size=reply.batch_size,
        )
        return Answer(kind=kind, body=body, timings=timings, operation=asking.document.kind)

    async def _spliced(self, plan: Plan, text: str, asking: _Asking) -> str:
        """The text with live predictions in place of their marks."""

        async def score(customers: Sequence[int]) -> Mapping[int, ScoringOutcome]:
            if self._live_scorer is None:
                return {}
            return await self._live_scorer.score(asking.caller.tenant_id, customers, None)

        async def read(slot: int, live: LiveAnswer) -> str:
            part = plan.live[slot]
            arguments = part.bind({**asking.values, LIVE: live}, asking.caller, asking.now)
            return (await self._dispatcher.ask(part, arguments, deadline_s=asking.left_s)).text

        return await spliced(text, score, read)

    async def _full(self, asking: _Asking, text: str) -> tuple[AnswerKind, bytes]:
        """The exact answer to data that holds a mark."""
        if asking.plan.abstract:
            typed = asking.document.typed_plan(self.catalogue, asking.values)
            arguments = typed.bind(asking.values, asking.caller, asking.now)
            reply = await self._dispatcher.ask(typed, arguments, deadline_s=asking.left_s)
            text = await self._spliced(typed, reply.text, asking) if typed.live else reply.text
        return self._finished(asking, msgspec.json.decode(text))

    async def _field_by_field(self, asking: _Asking) -> tuple[AnswerKind, bytes]:
        """When the statement fails: each root field by itself, so that only what is at fault is missing."""
        data: dict[str, Any] = {}
        for key in asking.document.root_keys(self.catalogue, asking.values):
            plan = asking.document.typed_plan(self.catalogue, asking.values, only=key)
            arguments = plan.bind(asking.values, asking.caller, asking.now)
            try:
                reply = await self._dispatcher.ask(plan, arguments, deadline_s=asking.left_s)
                text = await self._spliced(plan, reply.text, asking) if plan.live else reply.text
                data.update(msgspec.json.decode(text))
            except StatementError as error:
                data[key] = error
        return self._finished(asking, data)

    def _finished(self, asking: _Asking, data: Mapping[str, Any]) -> tuple[AnswerKind, bytes]:
        document = asking.document
        return full_body(self.catalogue, asking.plan, document.ast, document.operation, asking.request.variables, data)
