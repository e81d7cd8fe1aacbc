"""What asking for a customer's prediction can end in: an answer with its dates, or a typed reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from customer.contracts.score import Prediction, ScoreResponse


class NotScoredCode(StrEnum):
    """Why a customer has no fresh prediction. Stable words; callers show or count them."""

    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"  # no such customer in the tenant at that instant
    FEATURES_UNAVAILABLE = "FEATURES_UNAVAILABLE"  # the database could not give the feature vector in time
    SCORING_UNREACHABLE = "SCORING_UNREACHABLE"  # the scoring service did not answer
    SCORING_REFUSED = "SCORING_REFUSED"  # it answered, but not to this: the message says why
    SCORING_NOT_READY = "SCORING_NOT_READY"  # it has no models, or too much to do
    FEATURE_SET_MISMATCH = "FEATURE_SET_MISMATCH"  # its models were trained on other features
    INVALID_ANSWER = "INVALID_ANSWER"  # it answered something that is not a prediction
    CIRCUIT_OPEN = "CIRCUIT_OPEN"  # it failed repeatedly just now and is left alone for a moment
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    OVERLOADED = "OVERLOADED"  # too many live scorings are already waiting here
    SCORING_NOT_CONFIGURED = "SCORING_NOT_CONFIGURED"  # this process knows no scoring service


@dataclass(frozen=True, slots=True, kw_only=True)
class NotScored:
    """No prediction was made for this customer; the message is one sentence without personal data."""

    code: NotScoredCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One customer's predictions, all from one model set (of their variant in an experiment); not stored by itself."""

    customer_id: int
    as_of: datetime
    expires_at: datetime
    feature_set: str
    model_set: str
    answer: Prediction


ScoringOutcome = Scored | NotScored


def scored_customers(
    customer_ids: Sequence[int], response: ScoreResponse, *, as_of: datetime, lifetime: timedelta
) -> list[Scored]:
    """The answers of one response, each with its customer and dates; both are in the same order."""
    return [
        Scored(
            customer_id=customer_id,
            as_of=as_of,
            expires_at=as_of + lifetime,
            feature_set=response.feature_set,
            model_set=answer.model_set or response.model_set,
            answer=answer,
        )
        for customer_id, answer in zip(customer_ids, response.predictions, strict=True)
    ]
