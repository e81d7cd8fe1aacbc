"""The customer: one person, whatever identifiers and records they came with."""

from typing import Annotated, ClassVar

import strawberry

from customer.vocabulary import Channel, TouchpointType
from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import (
    Choice,
    Embedded,
    Given,
    Join,
    Live,
    LookedBack,
    Source,
    Value,
    as_boolean,
    as_instant,
    as_text,
    as_word,
    planned,
    planned_call,
    unresolved,
)
from profile_api.graph.sql import template
from profile_api.graph.types.connection import After, Before, First, Last
from profile_api.graph.types.identity import (
    CONSENTS,
    IDENTITIES,
    SOURCE_RECORDS,
    TRAITS,
    Consent,
    Identity,
    SourceRecord,
    Trait,
)
from profile_api.graph.types.journey import JOURNEYS, PurchaseJourneyConnection
from profile_api.graph.types.lifecycle import Lifecycle
from profile_api.graph.types.metrics import ACQUISITION, Acquisition, ChannelProfile, Metrics, Preferences
from profile_api.graph.types.node import Node
from profile_api.graph.types.order import ORDERS, OrderConnection
from profile_api.graph.types.policy import POLICY_IN_FORCE
from profile_api.graph.types.prediction import Predictions
from profile_api.graph.types.service import Satisfaction, ServiceContext
from profile_api.graph.types.touchpoint import TIMELINE, TouchpointConnection

STAGE = Join(
    now="""
      left join lateral (
        select stage.to_stage, stage.effective_at, stage.cycle, stage.reason, stage.policy_version
        from {table:lifecycle_transition} stage
        where stage.customer_id = {row}.id and stage.model = {arg:model:lifecycle_model}
          and stage.effective_at <= {as_of} and stage.until_at > {as_of}
        order by stage.effective_at desc limit 1
      ) {self} on true"""
)
CLOCK = Join(
    now="""
      left join lateral (
        select clock.alert_at, clock.lost_at, clock.basis from {table:lifecycle_clock} clock
        where clock.customer_id = {row}.id and clock.effective_at <= {as_of}
        order by clock.effective_at desc limit 1
      ) {self} on true"""
)
GOLDEN = Join(now="cross join (select) {self}", then=template("golden_record_then"))  # now: columns of the row itself
METRICS = Join(
    now="left join {table:customer_metrics} {self} on {self}.customer_id = {row}.id",
    then=template("metrics_as_of"),
)
PREDICTION = Join(
    now="left join {table:latest_prediction} {self} on {self}.customer_id = {row}.id",
    then="""
      left join lateral (
        select made.*, prediction_figures(made.answer) as figures from {table:prediction} made
        where made.customer_id = {row}.id and made.as_of <= {as_of}{known:made.created_at}
        order by made.as_of desc, made.id desc limit 1
      ) {self} on true""",
)
HOUSE = Join(now="left join {table:tenant} {self} on true")  # after the others: it must not disturb their order
SURVEYS = Join(now=template("latest_survey"))
NO_LIVE = Join(now="cross join (select null::text as code, null::text as message) {self}")

CUSTOMER_JOINS = {
    "stage": STAGE,
    "clock": CLOCK,
    "policy": POLICY_IN_FORCE,
    "golden": GOLDEN,
    "metrics": METRICS,
    "prediction": PREDICTION,
    "house": HOUSE,
    "surveys": SURVEYS,
    "live": NO_LIVE,
}


def _trait(name: str) -> Value:
    return as_text(f"{{row}}.{name}", then=f"{{golden}}.{name}")


def _predictions(given: Given) -> Source:
    return Live() if given.word("fresh") else Embedded()


@strawberry.type(description="How recent what we show is.")
class Freshness:
    last_event_at: DateTime | None = planned(
        as_instant("{metrics}.last_event_at"), "The latest touchpoint; null without any."
    )
    last_received_at: DateTime | None = planned(
        as_instant("{metrics}.last_received_at"), "When we last received one; null without any."
    )
    computed_at: DateTime | None = planned(
        as_instant("{metrics}.computed_at"), "When the figures were last computed; null until they were."
    )
    predicted_at: DateTime | None = planned(
        as_instant("{prediction}.as_of"), "The instant the stored predictions look from; null until there are any."
    )
    predictions_expire_at: DateTime | None = planned(
        as_instant("{prediction}.expires_at"), "When they should no longer be relied on."
    )
    rescoring: bool = planned(
        as_boolean(
            "exists (select from {table:rescoring_request} asked where asked.customer_id = {row}.id"
            " and asked.due_at < 'infinity')"
        ),
        "Whether new facts wait to be scored; now, even when looking back.",
    )


@strawberry.federation.type(keys=["id"], description="One person: all their identifiers, records and facts together.")
class Customer(Node):
    joins: ClassVar[dict[str, Join]] = CUSTOMER_JOINS
    person: ClassVar[str] = "{row}.id"

    id: strawberry.ID = planned(
        as_word("'cus_' || {row}.id"), "Global id; the id of somebody absorbed in a merge finds the survivor."
    )
    display_name: str | None = planned(
        as_text(
            "nullif(concat_ws(' ', {row}.given_name, {row}.family_name), '')",
            then="nullif(concat_ws(' ', {golden}.given_name, {golden}.family_name), '')",
        ),
        "Given and family name; null when neither is known.",
        scope=Scope.PII,
        personal=PersonalData.NAME,
    )
    given_name: str | None = planned(
        _trait("given_name"), "Null when unknown.", scope=Scope.PII, personal=PersonalData.NAME
    )
    family_name: str | None = planned(
        _trait("family_name"), "Null when unknown.", scope=Scope.PII, personal=PersonalData.NAME
    )
    age_band: str | None = planned(_trait("age_band"), "Null when unknown.", scope=Scope.PII, personal=PersonalData.AGE)
    city: str | None = planned(_trait("city"), "Null when unknown.", scope=Scope.PII, personal=PersonalData.ADDRESS)
    postcode: str | None = planned(
        _trait("postcode"), "Null when unknown.", scope=Scope.PII, personal=PersonalData.ADDRESS
    )
    country: str | None = planned(_trait("country"), "Null when unknown.", scope=Scope.PROFILE)
    locale: str | None = planned(
        _trait("locale"), "Preferred language and region; null when unknown.", scope=Scope.PROFILE
    )
    created_at: DateTime = planned(as_instant("{row}.created_at"), "When we first met.", scope=Scope.PROFILE)
    traits: list[Trait] = planned(
        TRAITS, "The golden record: each value with source and date.", scope=Scope.PII, personal=PersonalData.TRAITS
    )
    identities: list[Identity] = planned(
        IDENTITIES,
        "Every identifier ever linked, those in force first, at most 500.",
        scope=Scope.PII,
        personal=PersonalData.IDENTIFIERS,
    )
    sources: list[SourceRecord] = planned(
        SOURCE_RECORDS,
        "The records of the source systems, the latest first, at most 500.",
        scope=Scope.PII,
        personal=PersonalData.SOURCE_RECORDS,
    )
    metrics: Metrics = planned(Embedded(), "Figures over the orders.", scope=Scope.PROFILE)
    preferences: Preferences = planned(Embedded(), "What they prefer.", scope=Scope.PROFILE)
    channel_profile: ChannelProfile = planned(Embedded(), "Which channels they order through.", scope=Scope.PROFILE)
    acquisition: Acquisition | None = planned(
        ACQUISITION, "How they were won; null before the first valid order.", scope=Scope.PROFILE
    )
    satisfaction: Satisfaction = planned(Embedded(), "How satisfied they last said to be.", scope=Scope.SERVICE)
    service: ServiceContext = planned(Embedded(), "Tickets and contacts.", scope=Scope.SERVICE)
    consents: list[Consent] = planned(CONSENTS, "The latest statement per purpose and channel.", scope=Scope.CONSENTS)
    freshness: Freshness = planned(Embedded(), "How recent all this is.", scope=Scope.PROFILE)

    @planned_call(
        LookedBack(present="{stage}.to_stage is not null"),
        "The stage in a lifecycle model, `relationship`. Null for a visitor never identified who never ordered: "
        "no stage of the model is theirs.",
        scope=Scope.PROFILE,
    )
    def lifecycle(
        self,
        model: Annotated[
            str | None, strawberry.argument(description="The stage model; there is `relationship`.")
        ] = "relationship",
    ) -> Lifecycle | None:
        return unresolved()

    @planned_call(ORDERS, "Orders, the newest first.", scope=Scope.JOURNEY)
    def orders(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> OrderConnection:
        return unresolved()

    @planned_call(
        TIMELINE, "Every touchpoint ever, all channels, service included, the newest first.", scope=Scope.JOURNEY
    )
    def timeline(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        types: Annotated[
            list[TouchpointType] | None, strawberry.argument(description="Only these kinds; all when left out.")
        ] = strawberry.UNSET,
        channels: Annotated[
            list[Channel] | None, strawberry.argument(description="Only these channels; all when left out.")
        ] = strawberry.UNSET,
        from_: Annotated[
            DateTime | None, strawberry.argument(name="from", description="From this instant on.")
        ] = strawberry.UNSET,
        to: Annotated[DateTime | None, strawberry.argument(description="Before this instant.")] = strawberry.UNSET,
    ) -> TouchpointConnection:
        return unresolved()

    @planned_call(JOURNEYS, "Purchase journeys, the newest first; the first one may be open.", scope=Scope.JOURNEY)
    def purchase_journeys(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> PurchaseJourneyConnection:
        return unresolved()

    @planned_call(
        Choice(choose=_predictions),
        "What they will probably do. `fresh` scores now, with every fact so far; when that fails the stored "
        "predictions are shown and `notFresh` says why. Looking back, what was predicted by then; `fresh` is refused.",
        scope=Scope.PREDICTIONS,
    )
    def predictions(
        self,
        fresh: Annotated[
            bool | None, strawberry.argument(description="Score now instead of showing what is stored.")
        ] = False,
    ) -> Predictions:
        return unresolved()


@strawberry.type(description="One customer of a page.")
class CustomerEdge:
    node: Customer = planned(None, "The customer.")
    cursor: str = planned(None, "Opaque; give it to `after` or `before` of the same connection and ordering.")
