"""Answers GraphQL operations: document, plan, statement, finish."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from graphql import NoSchemaIntrospectionCustomRule

from profile_api.audit.log import AuditLog
from profile_api.audit.personal_data import trace_id
from profile_api.graph.arguments import Arguments, Values
from profile_api.graph.dispatch import Dispatcher
from profile_api.graph.documents import Document, Documents, Found
from profile_api.graph.errors import refused
from profile_api.graph.live import LiveScorer
from profile_api.graph.lookback import LookBack
from profile_api.graph.mutations import Mutations
from profile_api.graph.reads import Asking, Reads
from profile_api.graph.reads_without_task import BoundRead, Readings
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
)
from profile_api.graph.schema import catalogue
from profile_api.graph.subscriptions import CHANGE, Watch, utc_now
from profile_api.graph.trail import Trail

_EVENT_DEADLINE_S = 10.0
_QUERY = OperationKind.QUERY


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedOperation:
    """What the edge may know of an operation before it runs."""

    found: Found
    values: Values

    @property
    def document(self) -> Document:
        return self.found.document

    @property
    def kind(self) -> OperationKind:
        return self.document.kind

    @property
    def cost(self) -> int:
        return self.document.cost.rows(self.values)

    @property
    def scopes(self) -> frozenset[Scope]:
        return self.document.scopes


class GraphEngine:
    """One per process: the schema, the plans in use and the connections."""

    def __init__(
        self,
        database_url: str,
        *,
        connections: int = 4,
        document_cache: int = 1000,
        introspection: bool = True,
        database_role: str | None = None,
        live_scorer: LiveScorer | None = None,
        audit_kept_days: int = 400,
    ) -> None:
        self.catalogue = catalogue()
        rules = () if introspection else (NoSchemaIntrospectionCustomRule,)
        self._documents = Documents(self.catalogue, capacity=document_cache, rules=rules)
        self._dispatcher = Dispatcher(database_url, connections=connections, role=database_role)
        self._look_back = LookBack(database_url, role=database_role)
        self._reads = Reads(self.catalogue, self._dispatcher, self._look_back, live_scorer)
        self._live_scorer = live_scorer
        self._watch = Watch(database_url)
        self._audit = AuditLog(database_url, role=database_role, kept_days=audit_kept_days)
        self._trail = Trail(self._audit)
        self._mutations = Mutations(database_url, self._reads, self._trail)
        self._readings = Readings(self._dispatcher, self._reads, self._trail)

    async def start(self) -> None:
        """Opens the connections and reads the schema, so that the first request does not wait for either."""
        await asyncio.gather(self._dispatcher.start(), self._documents.warm_up())

    async def close(self) -> None:
        await self._watch.close()
        await self._readings.close()
        await self._audit.close()
        await self._mutations.close()
        await self._look_back.close()
        await self._dispatcher.close()
        await self._readings.close()  # of those that failed by this
        if self._live_scorer is not None:
            await self._live_scorer.aclose()
        self._documents.close()

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> PreparedOperation:
        """Parses, validates and plans. Errors: GraphError."""
        found = self._documents.find(request, caller) or await self._documents.get(request, caller)
        return PreparedOperation(found=found, values=found.coerce(request.variables))

    def reading(
        self, request: GraphQLRequest, caller: Caller, *, now: datetime, deadline_s: float, trace: bytes
    ) -> BoundRead | None:
        """A query met before that takes nothing but one statement; else None. Errors: GraphError."""
        found = self._documents.find(request, caller)
        if found is None or found.document.kind is not _QUERY:
            return None
        values = found.coerce(request.variables)
        plan = found.document.find_plan(values)
        if plan is None or plan.live or plan.then:
            return None
        asking = Asking(
            document=found.document,
            plan=plan,
            values=values,
            raw=found.raw(request.variables),
            caller=caller,
            now=now,
            deadline=time.perf_counter() + deadline_s,
            trace=trace,
        )
        arguments = plan.bind(values, caller, now)
        return BoundRead(arguments=arguments, deadline=asking.deadline, asking=asking, readings=self._readings)

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
            asking = Asking(
                document=document,
                plan=plan,
                values=values,
                raw=prepared.found.raw(request.variables),
                caller=caller,
                now=now,
                deadline=started + deadline_s,
                plan_s=time.perf_counter() - started,
                trace=trace_id.get(),
            )
            if plan.writes:
                return await self._mutations.answer(asking)
            answer = await self._reads.answer(asking)
            await self._trail.leave(asking)
            return answer
        except GraphError as error:
            return refused(error, operation=document.kind if document else None)

    async def subscribe(self, request: GraphQLRequest, caller: Caller) -> AsyncGenerator[Answer, None]:
        """Answers a subscription: one answer per event until it is closed; a refusal is the only answer."""
        try:
            prepared = await self.prepare(request, caller)
            document, values = prepared.document, prepared.values
            plan = document.find_plan(values) or await self._documents.plan(document, values)
            name, arguments = self._subscribed(document, values)
            async with aclosing(self._watch.changes(name, arguments, values, tenant_id=caller.tenant_id)) as changes:
                async for change in changes:
                    asking = Asking(
                        document=document,
                        plan=plan,
                        values={**values, CHANGE: change},
                        raw=prepared.found.raw(request.variables),
                        caller=caller,
                        now=utc_now(),
                        deadline=time.perf_counter() + _EVENT_DEADLINE_S,
                        trace=trace_id.get(),
                    )
                    answer = await self._reads.event(asking)
                    if answer is None:
                        continue
                    await self._trail.leave(asking)
                    yield answer
        except GraphError as error:
            yield refused(error, operation=OperationKind.SUBSCRIPTION)

    def _subscribed(self, document: Document, values: Values) -> tuple[str, Arguments]:
        """The one root field of a subscription, when the caller may listen to it."""
        root = self.catalogue.root_type(document.operation.operation)
        fields = [nodes[0] for nodes in document.root_fields(self.catalogue, values).values()]
        if document.kind is not OperationKind.SUBSCRIPTION or len(fields) != 1:
            raise GraphError("a subscription asks for one field", code=ErrorCode.BAD_OPERATION)
        name = fields[0].name.value
        scope = self.catalogue.field(root.name, name).scope
        if scope is not None and scope not in document.granted:
            raise GraphError(
                f"listening to {name} needs the scope {scope}", code=ErrorCode.FORBIDDEN, kind=AnswerKind.FORBIDDEN
            )
        return name, Arguments(fields[0], root.fields[name].args)
