"""From columns of numbers to the answers of the wire contract, with drivers in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from customer.contracts.score import (
    ChurnAnswer,
    LoyaltyAnswer,
    ModelRef,
    NextPurchaseAnswer,
    Prediction,
    Unavailable,
    ValueAnswer,
)  # fmt: skip
from customer.vocabulary import PredictionBasis, PredictionKind, RiskBand
from scoring.engine.drivers import churn_drivers, loyalty_drivers, next_purchase_drivers, value_drivers
from scoring.engine.scores import Scores
from scoring.engine.spec import ModelSetSpec

NO_ORDER = ("NO_ORDER_YET", "the customer has no valid order yet; predictions start with the first")
_MODEL_OF_KIND = {
    PredictionKind.CHURN: "churn",
    PredictionKind.NEXT_PURCHASE: "next_purchase",
    PredictionKind.VALUE: "value",
    PredictionKind.LOYALTY_POTENTIAL: "loyalty_potential",
}


def answers(
    spec: ModelSetSpec, scores: Scores, *, ids: Sequence[str] | None, versions: Mapping[str, str]
) -> list[Prediction]:
    """One answer per row of `scores`; `versions` are the registry's, a model without one is named by its set."""
    models = {
        kind: ModelRef(
            name=name,
            version=versions.get(name, spec.id),
            basis=str(spec.basis.get(kind, PredictionBasis.BASELINE)),
        )
        for kind, name in _MODEL_OF_KIND.items()
    }
    explained = np.cumsum(scores.has_orders) - 1  # reasons are kept of the rows with orders alone
    found = []
    for row, ordered in enumerate(scores.has_orders):
        name = ids[row] if ids is not None else None
        if ordered:
            found.append(_answer(spec, scores, row, int(explained[row]), name, models))
        else:
            found.append(_without_orders(name))
    return found


def band(probability: float, edges: Sequence[float]) -> RiskBand:
    """LOW, MEDIUM from the first edge, HIGH from the second."""
    if probability < edges[0]:
        return RiskBand.LOW
    return RiskBand.MEDIUM if probability < edges[1] else RiskBand.HIGH


def _without_orders(name: str | None) -> Prediction:
    code, message = NO_ORDER
    kinds = (PredictionKind.CHURN, PredictionKind.NEXT_PURCHASE, PredictionKind.VALUE)
    return Prediction(id=name, unavailable=[Unavailable(kind=kind, code=code, message=message) for kind in kinds])


def _answer(
    spec: ModelSetSpec,
    scores: Scores,
    row: int,
    explained: int,
    name: str | None,
    models: Mapping[PredictionKind, ModelRef],
) -> Prediction:
    probability = float(scores.churn[row])
    reasons = scores.reasons
    churn = ChurnAnswer(
        probability=probability,
        band=band(probability, spec.band_edges),
        horizon_days=scores.horizon_days,
        definition=spec.churn_definition,
        model=models[PredictionKind.CHURN],
        drivers=churn_drivers(reasons, explained) if reasons else [],
    )
    next_purchase = NextPurchaseAnswer(
        p10_days=float(scores.p10_days[row]),
        p50_days=float(scores.p50_days[row]),
        p90_days=float(scores.p90_days[row]),
        days=scores.days.tolist(),
        probability=scores.within[row].tolist(),
        model=models[PredictionKind.NEXT_PURCHASE],
        drivers=next_purchase_drivers(reasons, explained) if reasons else [],
    )
    chance = float(scores.loyalty[row])
    loyalty = None
    if not np.isnan(chance):
        loyalty = LoyaltyAnswer(
            probability=chance,
            model=models[PredictionKind.LOYALTY_POTENTIAL],
            drivers=loyalty_drivers(reasons, explained) if reasons else [],
        )
    return Prediction(
        id=name,
        churn=churn,
        next_purchase=next_purchase,
        value=_value(scores, row, explained, models[PredictionKind.VALUE]),
        loyalty_potential=loyalty,
        unavailable=[
            Unavailable(kind=kind, code=code, message=message) for kind, (code, message) in spec.unavailable.items()
        ],
    )


def _value(scores: Scores, row: int, explained: int, model: ModelRef) -> ValueAnswer | None:
    if scores.value is None:
        return None
    return ValueAnswer(
        expected_minor=float(scores.value.expected[row]),
        low_minor=float(scores.value.low[row]),
        high_minor=float(scores.value.high[row]),
        horizon_days=scores.horizon_days,
        model=model,
        drivers=value_drivers(scores.reasons, explained) if scores.reasons else [],
    )
