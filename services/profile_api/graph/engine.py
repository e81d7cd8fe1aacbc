"""Answers GraphQL operations: document, plan, statement, finish."""

import time
from datetime import datetime
from typing import Any

import msgspec
from graphql import NoSchemaIntrospectionCustomRule

from profile_api.graph.catalogue import Catalogue
from profile_api.graph.dispatch import Dispatcher, Reply, StatementError
from profile_api.graph.documents import Document, Documents
from profile_api.graph.errors import refused
from profile_api.graph.finish import fast_body, full_body
from profile_api.graph.plan import Plan
from profile_api.graph.request import Answer, AnswerKind, Caller, GraphError, GraphQLRequest, Timings
from profile_api.graph.schema import catalogue


class GraphEngine:
    """One per process: the schema, the plans in use and the connections."""

    def __init__(
        self, database_url: str, *, connections: int = 4, document_cache: int = 1000, introspection: bool = True
    ) -> None:
        self.catalogue: Catalogue = catalogue()
        rules = () if introspection else (NoSchemaIntrospectionCustomRule,)
        self._documents = Documents(self.catalogue, capacity=document_cache, rules=rules)
        self._dispatcher = Dispatcher(database_url, connections=connections)

    async def start(self) -> None:
        await self._dispatcher.start()

    async def close(self) -> None:
        await self._dispatcher.close()
        self._documents.close()

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> Document:
        """The validated operation. Errors: GraphError."""
        return await self._documents.get(request, caller)

    async def execute(
        self, request: GraphQLRequest, caller: Caller, *, now: datetime, deadline_s: float = 10.0
    ) -> Answer:
        """Answers a query or a mutation; what is wrong with the request is told in the answer."""
        started = time.perf_counter()
        document: Document | None = None
        try:
            document = self._documents.find(request, caller) or await self._documents.get(request, caller)
            values = document.coerce(request.variables)
            plan = document.find_plan(values) or await self._documents.plan(document, values)
            arguments = plan.bind(values, caller, now)
            planned = time.perf_counter()
            reply = await self._dispatcher.ask(plan, arguments, deadline_s=deadline_s)
        except GraphError as error:
            return refused(error, operation=document.kind if document else None)
        return self._finish(document, plan, request.variables, reply, plan_s=planned - started)

    def _finish(self, document: Document, plan: Plan, variables: Any, reply: Reply, *, plan_s: float) -> Answer:
        started = time.perf_counter()
        kind, body = AnswerKind.OK, fast_body(plan, reply.text)
        if body is None:
            data = msgspec.json.decode(reply.text)
            kind, body = full_body(self.catalogue, plan, document.ast, document.operation, variables, data)
        timings = Timings(
            plan_s=plan_s,
            queue_s=reply.queue_s,
            database_s=reply.database_s,
            finish_s=time.perf_counter() - started,
            batch_size=reply.batch_size,
        )
        return Answer(kind=kind, body=body, timings=timings, operation=document.kind)


__all__ = ["GraphEngine", "StatementError"]
