"""Reads a planned operation: asks, splices what is made anew, and finishes the answer."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from profile_api.audit.personal_data import PersonalData, without_marks
from profile_api.graph.arguments import Values
from profile_api.graph.catalogue import Catalogue
from profile_api.graph.dispatch import Dispatcher
from profile_api.graph.documents import Document
from profile_api.graph.finish import fast_body, full_body, tells_nothing
from profile_api.graph.live import LIVE, LIVE_PLACES, NO_SCORER, LiveAnswer, LiveScorer
from profile_api.graph.lookback import THEN, THEN_PLACES, LookBack
from profile_api.graph.plan import Plan
from profile_api.graph.question import Reply, StatementError
from profile_api.graph.request import Answer, AnswerKind, Caller, OperationKind, Timings
from profile_api.graph.splicing import Place
from profile_api.rescoring.outcomes import ScoringOutcome


class Touched(msgspec.Struct):
    """The personal data an operation came upon so far: of whom, what was read, what was withheld."""

    customers: set[int]
    read: frozenset[PersonalData]
    withheld: frozenset[PersonalData]


class Asking(msgspec.Struct, kw_only=True):
    """One operation under way."""

    document: Document
    plan: Plan
    values: Values
    raw: Mapping[str, Any]  # the variables uncoerced, for the full finisher
    caller: Caller
    now: datetime
    deadline: float  # by time.perf_counter
    plan_s: float = 0.0  # what finding or making the plan took
    trace: bytes = b""  # of the request, for the trail
    touched: Touched | None = None  # personal data, for the trail
    is_void: bool = False  # an event about what is gone by now

    @property
    def left_s(self) -> float:
        return self.deadline - time.perf_counter()

    def without_persons(self, plan: Plan, text: bytes) -> bytes:
        """The answer to a plan without the marks that say whom it is about; who that is is remembered for the trail."""
        answer, customers = without_marks(text)
        touched = self.touched
        if touched is None:
            self.touched = Touched(customers, plan.personal, plan.withheld)
        else:
            touched.customers |= customers
            touched.read |= plan.personal
            touched.withheld |= plan.withheld
        return answer


class Reads:
    """Turns askings into answers."""

    def __init__(
        self, catalogue: Catalogue, dispatcher: Dispatcher, look_back: LookBack, live_scorer: LiveScorer | None
    ) -> None:
        self.catalogue = catalogue
        self._dispatcher = dispatcher
        self._look_back = look_back
        self._live_scorer = live_scorer

    async def event(self, asking: Asking) -> Answer | None:
        """The finished answer of one event; None when what it was about has changed again, which is another event."""
        answer = await self.answer(asking)
        return None if asking.is_void else answer

    async def answer(self, asking: Asking, reply: Reply | None = None) -> Answer:
        """The finished answer of a query or of one event; with `reply`, to what the database said already."""
        try:
            reply = reply or await self.reply(asking, asking.plan, asking.values)
        except StatementError:
            kind, body = await self._field_by_field(asking)
            timings = Timings(plan_s=asking.plan_s)
        else:
            finishing = time.perf_counter()
            asking.is_void = asking.document.kind is OperationKind.SUBSCRIPTION and tells_nothing(reply.text)
            fast = fast_body(asking.plan, reply.text)
            kind, body = (AnswerKind.OK, fast) if fast is not None else await self._full(asking, reply.text)
            timings = reply.run.timings(reply.since, asking.plan_s, time.perf_counter() - finishing)
        return Answer(kind=kind, body=body, operation=asking.document.kind, timings=timings)

    async def reply(self, asking: Asking, plan: Plan, values: Values) -> Reply:
        """What the database says to a plan, live predictions in place. Errors: GraphError."""
        arguments = plan.bind(values, asking.caller, asking.now)
        reply = await self._dispatcher.ask(plan, arguments, deadline_s=asking.left_s)
        if plan.live:
            reply.text = await self._scored(asking, plan, values, reply.text)
        if plan.then:
            reply.text = await self._looked_back(asking, plan, values, reply.text)
        if plan.leaves_trail:
            reply.text = asking.without_persons(plan, reply.text)
        return reply

    def finished(self, asking: Asking, data: Mapping[str, Any]) -> tuple[AnswerKind, bytes]:
        """The exact answer to typed data, by the full finisher."""
        document = asking.document
        return full_body(self.catalogue, asking.plan, document.ast, document.operation, asking.raw, data)

    async def _scored(self, asking: Asking, plan: Plan, values: Values, text: bytes) -> bytes:
        places = LIVE_PLACES.places(text)
        outcomes: Mapping[int, ScoringOutcome] = {}
        if self._live_scorer is not None:
            customers = sorted({customer for _, customer in places})
            outcomes = await self._live_scorer.score(asking.caller.tenant_id, customers, None)

        async def read(part: int, customer: int) -> bytes:
            live = LiveAnswer(customer_id=customer, outcome=outcomes.get(customer, NO_SCORER))
            return (await self.reply(asking, plan.live[part], {**values, LIVE: live})).text

        parts = await asyncio.gather(*(read(*place) for place in places))
        return LIVE_PLACES.filled(text, dict(zip(places, parts, strict=True)))

    async def _looked_back(self, asking: Asking, plan: Plan, values: Values, text: bytes) -> bytes:
        parts: dict[Place, bytes] = {}
        for place in THEN_PLACES.places(text):  # one or two: only `customer` looks back
            part, customer = place
            then = plan.then[part]
            rows = await self._look_back.rows(
                asking.caller.tenant_id,
                customer,
                as_of=then.read_as_of(values),
                known_at=then.read_known_at(values),
                now=asking.now,
                timeout_s=asking.left_s,
            )
            parts[place] = (await self.reply(asking, then.part, {**values, THEN: rows})).text
        return THEN_PLACES.filled(text, parts)

    async def _full(self, asking: Asking, text: bytes) -> tuple[AnswerKind, bytes]:
        """The exact answer to data that holds a mark."""
        if asking.plan.abstract:
            typed = asking.document.typed_plan(self.catalogue, asking.values)
            text = (await self.reply(asking, typed, asking.values)).text
        return self.finished(asking, msgspec.json.decode(text))

    async def _field_by_field(self, asking: Asking) -> tuple[AnswerKind, bytes]:
        """When the statement fails: each root field by itself, so that only what is at fault is missing."""
        data: dict[str, Any] = {}
        for key in asking.document.root_fields(self.catalogue, asking.values):
            plan = asking.document.typed_plan(self.catalogue, asking.values, only=key)
            try:
                data.update(msgspec.json.decode((await self.reply(asking, plan, asking.values)).text))
            except StatementError as error:
                data[key] = error
        return self.finished(asking, data)
