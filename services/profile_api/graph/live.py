"""Predictions made while a read waits: the marks they leave in an answer, and the values spliced in for them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from profile_api.graph.arguments import Values
from profile_api.graph.rendering import LIVE_MARK, MARK_IN_JSON
from profile_api.graph.sources import Join
from profile_api.rescoring.outcomes import Scored, ScoringOutcome

LIVE = "\x00live"  # where the outcome travels among the variables: no variable can have this name
_MARKS = re.compile((re.escape(f'"{MARK_IN_JSON}{LIVE_MARK}:') + r"(\d+):(\d+)\"").encode())


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
    outcome: ScoringOutcome | None

    @property
    def scored(self) -> Scored | None:
        return self.outcome if isinstance(self.outcome, Scored) else None

    @property
    def code(self) -> str | None:
        if self.scored is not None:
            return None
        return (
            str(self.outcome.code) if self.outcome is not None and not isinstance(self.outcome, Scored) else NO_SCORER
        )

    @property
    def message(self) -> str | None:
        if self.scored is not None:
            return None
        if self.outcome is not None and not isinstance(self.outcome, Scored):
            return self.outcome.message
        return "this service was started without a scoring service"


NO_SCORER = "SCORING_NOT_CONFIGURED"


def _of_answer(read: Callable[[LiveAnswer], Any]) -> Callable[[Values], Any]:
    return lambda values: read(values[LIVE])


def _of_scored(read: Callable[[Scored], Any]) -> Callable[[Values], Any]:
    def read_scored(values: Values) -> Any:
        scored = values[LIVE].scored
        return None if scored is None else read(scored)

    return read_scored


LIVE_PARAMETERS: Sequence[tuple[str, str, Callable[[Values], Any]]] = (
    ("live_customer", "bigint", _of_answer(lambda live: live.customer_id)),
    ("live_code", "text", _of_answer(lambda live: live.code)),
    ("live_message", "text", _of_answer(lambda live: live.message)),
    ("live_as_of", "timestamptz", _of_scored(lambda scored: scored.as_of)),
    ("live_expires_at", "timestamptz", _of_scored(lambda scored: scored.expires_at)),
    ("live_feature_set", "text", _of_scored(lambda scored: scored.feature_set)),
    ("live_model_set", "text", _of_scored(lambda scored: scored.model_set)),
    ("live_answer", "text", _of_scored(lambda scored: msgspec.json.encode(scored.answer).decode())),
)
LIVE_CUSTOMER = "select person.* from {table:customer} person where person.id = p.live_customer"
LIVE_JOINS: Mapping[str, Join] = {
    "prediction": Join(
        now="""
          left join lateral (
            select p.live_as_of as as_of, p.live_expires_at as expires_at, p.live_feature_set as feature_set,
              p.live_model_set as model_set, p.live_answer::jsonb as answer,
              prediction_figures(p.live_answer::jsonb) as figures
            where p.live_answer is not null
            union all
            select stored.as_of, stored.expires_at, stored.feature_set, stored.model_set, stored.answer, stored.figures
            from {table:latest_prediction} stored
            where p.live_answer is null and stored.customer_id = {row}.id
          ) {self} on true"""
    ),
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
        *(read(slot, LiveAnswer(customer_id=customer, outcome=outcomes.get(customer))) for slot, customer in ordered)
    )
    by_place = dict(zip(ordered, parts, strict=True))
    return _MARKS.sub(lambda mark: by_place[int(mark[1]), int(mark[2])], text)
