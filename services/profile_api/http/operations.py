"""One operation of one caller, whatever the transport: its document, its allowance, its run."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from profile_api.access.allowance import Allowance
from profile_api.access.sharing import Identity
from profile_api.graph.errors import formatted
from profile_api.graph.request import (
    Answer,
    Caller,
    GraphError,
    GraphExecutor,
    GraphQLRequest,
    OperationKind,
    Prepared,
    Reading,
)
from profile_api.http.documents import Documents
from profile_api.http.parameters import Parameters
from profile_api.http.refusal import RateLimitedError, Refusal

Clock = Callable[[], datetime]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A checked operation, about to run."""

    request: GraphQLRequest
    prepared: Prepared
    caller: Caller
    who: Identity


class Operations:
    """What every transport does with an operation: find its document, have it checked, count it, run it."""

    def __init__(
        self,
        *,
        executor: GraphExecutor,
        documents: Documents,
        requests: Allowance[Identity],
        cost: Allowance[Identity],
        deadline_s: float,
        clock: Clock,
    ) -> None:
        self.executor = executor
        self.clock = clock
        self._documents = documents
        self._requests = requests
        self._cost = cost
        self.allowances = (requests, cost)
        self._deadline_s = deadline_s

    async def make_ready(self, parameters: Parameters, caller: Caller) -> Ready:
        """Checks and counts one operation; raises `Refusal` or `GraphError`."""
        who = identity_of(caller)
        if not self._requests.take(who, 1):
            raise RateLimitedError(retry_after_s=self._requests.wait_s(who, 1), fields=self._requests.fields(who))
        request = self._request(parameters)
        prepared = await self.executor.prepare(request, caller)
        self._documents.remember(parameters)
        if not self._cost.take(who, prepared.cost):
            raise RateLimitedError(retry_after_s=self._cost.wait_s(who, prepared.cost), fields=self._cost.fields(who))
        return Ready(request=request, prepared=prepared, caller=caller, who=who)

    def reading(self, parameters: Parameters, caller: Caller, who: Identity, trace: bytes) -> Reading | None:
        """A checked and counted read that is sent without a task; None, and nothing counted, when it takes `make_ready`
        and `run`, or when they refuse it. Raises `Refusal` or `GraphError` where they do."""
        request = self._request(parameters)
        reading = self.executor.reading(request, caller, now=self.clock(), deadline_s=self._deadline_s, trace=trace)
        if reading is None:
            return None
        if not self._requests.take(who, 1):
            return None
        if not self._cost.take(who, reading.cost):
            self._requests.give_back(who, 1)
            return None
        self._documents.remember(parameters)
        return reading

    def _request(self, parameters: Parameters) -> GraphQLRequest:
        return GraphQLRequest(
            query=self._documents.text_of(parameters),
            operation_name=parameters.operation_name,
            variables=parameters.variables or {},
        )

    async def run(self, ready: Ready) -> Answer:
        """Answers a query or a mutation."""
        return await self.executor.execute(
            ready.request, ready.caller, now=self.clock(), deadline_s=self._deadline_s, prepared=ready.prepared
        )

    def listen(self, ready: Ready) -> AsyncIterator[Answer]:
        """Answers a subscription, one answer per event."""
        return self.executor.subscribe(ready.request, ready.caller)

    def allowance_fields(self, who: Identity) -> bytes:
        """What a caller has left of requests, as RateLimit header fields."""
        return self._requests.fields(who)


def identity_of(caller: Caller) -> Identity:
    """Whose allowance a caller uses up: subjects are told apart within a tenant."""
    return caller.tenant_id, caller.subject


def may_run_over_get(ready: Ready) -> bool:
    """GET is safe by definition: only queries may come that way."""
    return ready.prepared.kind is OperationKind.QUERY


def errors_of(error: Refusal | GraphError) -> Sequence[Mapping[str, Any]]:
    """The `errors` of an operation that did not run."""
    return formatted(error if isinstance(error, GraphError) else GraphError(error.message, code=error.code))


def error_body(error: Refusal | GraphError) -> bytes:
    """A GraphQL response without data."""
    return msgspec.json.encode({"errors": errors_of(error)})
