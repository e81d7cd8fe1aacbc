"""Predictions made while a read waits: what live scoring said, as the part of the plan that reads it is given it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from profile_api.graph.arguments import Values
from profile_api.graph.sources import Join
from profile_api.graph.splicing import Splice
from profile_api.graph.sql import template
from profile_api.rescoring.outcomes import NotScored, NotScoredCode, Scored, ScoringOutcome

LIVE = "\x00live"  # where the outcome travels among the variables: no variable can have this name
LIVE_PLACES = Splice("live")
NO_SCORER = NotScored(
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
