"""What the customer will probably do: probabilities, dates and amounts, each with where it comes from."""

from typing import Annotated

import strawberry

from customer.vocabulary import PredictionBasis, PredictionKind, RiskBand
from profile_api.graph.scalars import Date, DateTime, Json
from profile_api.graph.sources import (
    Choice,
    Embedded,
    Given,
    Rows,
    Source,
    as_date,
    as_instant,
    as_json,
    as_number,
    as_text,
    as_word,
    planned,
    planned_call,
    unresolved,
)
from profile_api.graph.sql import template
from profile_api.graph.types.money import Money, money
from profile_api.graph.types.words import Locale

# `figures` is the answer without its drivers and curves: short, so never compressed, and cheap to look into many times.
_CHURN = "{prediction}.figures -> 'churn'"
_NEXT = "{prediction}.figures -> 'next_purchase'"
_VALUE = "{prediction}.figures -> 'value'"
_UNAVAILABLE = template("predictions_unavailable")
_LOYALTY = "{prediction}.figures -> 'loyalty_potential'"


def _drivers(kind: str) -> Rows:
    return Rows(
        sql=f"""
          select driver.value as driver
          from jsonb_array_elements({{prediction}}.answer -> '{kind}' -> 'drivers') with ordinality
            as driver (value, place)
          order by driver.place limit {{arg:first:count}}"""
    )


def _text(given: Given) -> Source:
    return as_text("{row}.driver ->> 'text_fr'" if given.word("locale") == "FR" else "{row}.driver ->> 'text_en'")


@strawberry.type(description="One reason for a prediction. Contributions add up to it on the model's own scale.")
class Driver:
    feature: str = planned(as_text("{row}.driver ->> 'feature'"), "The feature's name.")
    value: Json | None = planned(as_json("nullif({row}.driver -> 'value', 'null')"), "Its value; null when missing.")
    contribution: float = planned(
        as_number("{row}.driver ->> 'contribution'"), "Signed: above zero it raises the prediction."
    )

    @planned_call(Choice(choose=_text), "The reason in words.")
    def text(
        self, locale: Annotated[Locale | None, strawberry.argument(description="In which language.")] = Locale.EN
    ) -> str:
        return unresolved()


@strawberry.type(description="Which model said so, on what, and for how long it holds.")
class Provenance:
    model: str = planned(as_text("{answer} -> 'model' ->> 'name'"), "The model's name.")
    version: str = planned(as_text("{answer} -> 'model' ->> 'version'"), "Its version in the registry.")
    basis: PredictionBasis = planned(as_word("{answer} -> 'model' ->> 'basis'"), "A model or a baseline.")
    as_of: DateTime = planned(as_instant("{prediction}.as_of"), "The instant predicted from: later facts were unknown.")
    expires_at: DateTime = planned(as_instant("{prediction}.expires_at"), "When it should no longer be relied on.")
    feature_set: str = planned(as_text("{prediction}.feature_set"), "Hash of the features it was computed from.")
    model_set: str | None = planned(
        as_text("{prediction}.model_set"), "The models trained together; null for a model that stands alone."
    )


def _provenance(answer: str) -> Embedded:
    return Embedded(binds={"answer": f"({answer})"})


@strawberry.type(description="The risk of losing the customer.")
class ChurnPrediction:
    probability: float = planned(
        as_number(f"{_CHURN} ->> 'probability'"), "Calibrated probability of no valid order within the horizon, 0 to 1."
    )
    band: RiskBand = planned(as_word(f"{_CHURN} ->> 'band'"), "The probability in words.")
    horizon_days: int = planned(as_number(f"{_CHURN} ->> 'horizon_days'"), "Days ahead it speaks of.")
    definition: str = planned(as_text(f"{_CHURN} ->> 'definition'"), "What counts as lost, `NO_PURCHASE`.")
    provenance: Provenance = planned(_provenance(_CHURN), "Where it comes from.")

    @planned_call(_drivers("churn"), "The strongest reasons, the strongest first.")
    def drivers(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 5
    ) -> list[Driver]:
        return unresolved()


def _day(quantile: str) -> str:
    return (
        f"(({{prediction}}.as_of + (({_NEXT}) ->> '{quantile}')::double precision * interval '1 day')"
        " at time zone {house}.time_zone)::date"
    )


@strawberry.type(description="When the next order will probably come, given the silence so far. Never in the past.")
class NextPurchasePrediction:
    expected_on: Date = planned(as_date(_day("p50_days")), "As likely before as after (median).")
    earliest_on: Date = planned(as_date(_day("p10_days")), "One in ten order before.")
    latest_on: Date = planned(as_date(_day("p90_days")), "One in ten order later, or never.")
    provenance: Provenance = planned(_provenance(_NEXT), "Where it comes from.")

    @planned_call(as_number("(" + template("probability_within") + ")"), "Probability of an order within so many days.")
    def probability_within(
        self, days: Annotated[int, strawberry.argument(description="From the instant predicted from, 0 to 3,650.")]
    ) -> float:
        return unresolved()

    @planned_call(_drivers("next_purchase"), "The strongest reasons, the strongest first.")
    def drivers(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 5
    ) -> list[Driver]:
        return unresolved()


_HISTORIC = "coalesce({metrics}.net_revenue_minor, 0)"


def _minor(name: str) -> str:
    return f"round((({_VALUE}) ->> '{name}')::numeric)::bigint"


def _value_money(minor: str) -> Embedded:
    return money(minor, "{house}.currency", nullable=False)


@strawberry.type(description="What the customer is worth: so far, and expected within the horizon.")
class ValuePrediction:
    historic: Money = planned(_value_money(_HISTORIC), "Net revenue so far.")
    predicted: Money = planned(_value_money(_minor("expected_minor")), "Expected net revenue within the horizon.")
    total: Money = planned(_value_money(f"({_HISTORIC} + {_minor('expected_minor')})"), "Historic plus predicted.")
    low: Money = planned(
        _value_money(_minor("low_minor")),
        "Lower end of an interval that holds 80 %: one in ten bring less; zero where one in ten or more stay away.",
    )
    high: Money = planned(
        _value_money(_minor("high_minor")),
        "Upper end: one in ten bring more, or one in five where the lower end is zero. The prediction, a mean, may be "
        "more where hardly anybody orders.",
    )
    horizon_days: int = planned(as_number(f"{_VALUE} ->> 'horizon_days'"), "Days ahead it speaks of.")
    expected_loss: Money = planned(
        _value_money(
            f"round((({_VALUE}) ->> 'expected_minor')::numeric"
            f" * coalesce((({_CHURN}) ->> 'probability')::numeric, 0))::bigint"
        ),
        "Predicted value times the churn probability: what is at stake.",
    )
    provenance: Provenance = planned(_provenance(_VALUE), "Where it comes from.")

    @planned_call(_drivers("value"), "The strongest reasons, the strongest first.")
    def drivers(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 5
    ) -> list[Driver]:
        return unresolved()


@strawberry.type(description="A calibrated probability.")
class Probability:
    probability: float = planned(as_number(f"{_LOYALTY} ->> 'probability'"), "0 to 1.")
    provenance: Provenance = planned(_provenance(_LOYALTY), "Where it comes from.")

    @planned_call(_drivers("loyalty_potential"), "The strongest reasons, the strongest first; none of a baseline's.")
    def drivers(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 5
    ) -> list[Driver]:
        return unresolved()


@strawberry.type(description="Why one prediction could not be made.")
class PredictionUnavailable:
    kind: PredictionKind = planned(as_word("{row}.kind"), "Which one.")
    code: str = planned(as_text("{row}.code"), "The reason, a stable word.")
    message: str = planned(as_text("{row}.message"), "The reason in a sentence.")


@strawberry.type(description="Why live scoring was asked for and could not be had.")
class NotFresh:
    code: str = planned(as_text("{live}.code"), "The reason, a stable word.")
    message: str = planned(as_text("{live}.message"), "The reason in a sentence.")


def _present(answer: str) -> Embedded:
    return Embedded(present=f"jsonb_typeof({answer}) = 'object'")


@strawberry.type(description="Every prediction for one customer, all from one consistent set of models.")
class Predictions:
    churn: ChurnPrediction | None = planned(_present(_CHURN), "Null when unavailable; then `unavailable` says why.")
    next_purchase: NextPurchasePrediction | None = planned(
        _present(_NEXT), "Null when unavailable; then `unavailable` says why."
    )
    value: ValuePrediction | None = planned(_present(_VALUE), "Null when unavailable; then `unavailable` says why.")
    loyalty_potential: Probability | None = planned(
        _present(_LOYALTY),
        "Probability of at least three orders within 365 days of the first; null unless there is just one so far.",
    )
    unavailable: list[PredictionUnavailable] = planned(
        Rows(
            sql=_UNAVAILABLE.replace("{not_yet}", "no model has been asked about this customer yet"),
            then=_UNAVAILABLE.replace("{not_yet}", "no model had been asked about this customer by then"),
        ),
        "What could not be predicted, and why.",
    )
    not_fresh: NotFresh | None = planned(
        Embedded(present="{live}.code is not null"),
        "With `fresh: true` only: why the stored predictions are shown instead; null when they are fresh.",
    )
