"""Predictions made while a read waits: the marks they leave in an answer, and the values spliced in for them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from profile_api.graph.arguments import Values
from profile_api.graph.rendering import LIVE_MARK, MARK_IN_JSON
from profile_api.graph.sources import Join
from profile_api.graph.sql import template
from profile_api.rescoring.outcomes import NotScored, NotScoredCode, Scored, ScoringOutcome

LIVE = "\x00live"  # where the outcome travels among the variables: no variable can have this name
_MARKS = re.compile((re.escape(f'"{MARK_IN_JSON}{LIVE_MARK}:') + r"(\d+):(\d+)\"").encode())


_NO_SCORER = NotScored(
    code=NotScoredCode.SCORING_NOT_CONFIGURED, message="this service was started without a scoring service"
)
Outcome = TypeVar("Outcome", Scored, NotScored)


class LiveScorer(Protocol):
    """What the engine needs of `profile_api.rescoring.live.LiveScorer`."""

    async def score(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime | None
    ) -> dict[int, ScoringOutcome]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAnswer:
    """What live scoring said of one customer, as the plan of the spliced part binds it."""

    customer_id: int
    outcome: ScoringOutcome


def _of(kind: type[Outcome], read: Callable[[Outcome], Any]) -> Callable[[Values], Any]:
    """Reads an outcome of this kind; null of the other."""

    def read_outcome(values: Values) -> Any:
        outcome = values[LIVE].outcome
        return read(outcome) if isinstance(outcome, kind) else None

    return read_outcome


LIVE_PARAMETERS: Sequence[tuple[str, str, Callable[[Values], Any]]] = (
    ("live_customer", "bigint", lambda values: values[LIVE].customer_id),
    ("live_code", "text", _of(NotScored, lambda refusal: str(refusal.code))),
    ("live_message", "text", _of(NotScored, lambda refusal: refusal.message)),
    ("live_as_of", "timestamptz", _of(Scored, lambda scored: scored.as_of)),
    ("live_expires_at", "timestamptz", _of(Scored, lambda scored: scored.expires_at)),
    ("live_feature_set", "text", _of(Scored, lambda scored: scored.feature_set)),
    ("live_model_set", "text", _of(Scored, lambda scored: scored.model_set)),
    ("live_answer", "text", _of(Scored, lambda scored: msgspec.json.encode(scored.answer).decode())),
)
LIVE_CUSTOMER = "select person.* from {table:customer} person where person.id = p.live_customer"
LIVE_JOINS: Mapping[str, Join] = {
    "prediction": Join(now=template("live_prediction")),
    "live": Join(now="cross join (select p.live_code as code, p.live_message as message) {self}"),
}


async def spliced(
    text: bytes,
    score: Callable[[Sequence[int]], Awaitable[Mapping[int, ScoringOutcome]]],
    read: Callable[[int, LiveAnswer], Awaitable[bytes]],
) -> bytes:
    """The answer with every mark replaced by what `read` makes of its slot and the customer's live answer."""
    places = {(int(slot), int(customer)) for slot, customer in _MARKS.findall(text)}
    outcomes = await score(sorted({customer for _, customer in places}))
    ordered = sorted(places)
    parts = await asyncio.gather(
        *(
            read(slot, LiveAnswer(customer_id=customer, outcome=outcomes.get(customer, _NO_SCORER)))
            for slot, customer in ordered
        )
    )
    by_place = dict(zip(ordered, parts, strict=True))
    return _MARKS.sub(lambda mark: by_place[int(mark[1]), int(mark[2])], text)
