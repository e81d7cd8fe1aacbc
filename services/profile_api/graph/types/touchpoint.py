"""Everything that ever happened between a customer and the company, one type per kind of touchpoint."""

from typing import ClassVar

import strawberry

from customer.vocabulary import Channel
from customer.vocabulary import TouchpointType as Kind
from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime, Json
from profile_api.graph.sources import (
    Page,
    TypeWord,
    Value,
    as_boolean,
    as_float,
    as_instant,
    as_json,
    as_text,
    as_word,
    planned,
)
from profile_api.graph.types.connection import CURSOR, EDGES, PAGE_INFO, TOTAL, PageInfo, facts_of_person
from profile_api.graph.types.node import Node
from profile_api.graph.types.order import ORDER_OF_ROW, Order


def _property(name: str) -> Value:
    return as_text(f"{{row}}.properties ->> '{name}'")


def _number(name: str) -> Value:
    """A property that should be a number; null when it is something else."""
    stated = f"{{row}}.properties ->> '{name}'"
    return as_float(
        f"case when {stated} ~ '^-?[0-9]{{1,15}}(\\.[0-9]{{1,15}})?$' then ({stated})::double precision end"
    )


_FIRST_PRODUCT = "{row}.properties #>> '{products,0,product_id}'"


@strawberry.interface(description="One exchange between a customer and the company, in any channel.")
class Touchpoint(Node):
    person: ClassVar[str] = "{row}.customer_id"
    type_word: ClassVar[TypeWord] = TypeWord(
        sql="{row}.type",
        words={f"{'Order' if kind is Kind.ORDER else kind.title()}Touchpoint": (kind,) for kind in Kind},
    )

    id: strawberry.ID = planned(
        as_word("'evt_' || {row}.customer_id || '_' || {row}.id"), "Global id of the touchpoint."
    )
    occurred_at: DateTime = planned(as_instant("{row}.occurred_at"), "When it happened.")
    received_at: DateTime = planned(as_instant("{row}.received_at"), "When we learnt of it.")
    type: Kind = planned(as_word("{row}.type"), "Its kind.")
    channel: Channel = planned(as_word("{row}.channel"), "Where it took place.")
    name: str = planned(as_text("{row}.name"), "What happened, in the words of the event specification.")
    store: str | None = planned(as_text("{row}.store_id"), "The store; null outside stores.")
    campaign: str | None = planned(as_text("{row}.campaign"), "The campaign it belongs to; null without one.")
    device: str | None = planned(
        as_text("{row}.device"),
        "The device; null when unknown.",
        scope=Scope.PII,
        personal=PersonalData.TOUCHPOINT_DETAILS,
    )
    source: str = planned(as_text("{row}.source"), "The system that told us; `simulated` for made-up demo data.")
    properties: Json | None = planned(
        as_json("{row}.properties"),
        "Everything the source said about it.",
        scope=Scope.PII,
        personal=PersonalData.TOUCHPOINT_DETAILS,
    )


@strawberry.type(description="An order was placed, changed, refunded or cancelled.")
class OrderTouchpoint(Touchpoint):
    order: Order | None = planned(ORDER_OF_ROW, "The order; null when it is not known to us.")


@strawberry.type(description="Something was looked at or looked for.")
class BrowseTouchpoint(Touchpoint):
    product_id: str | None = planned(_property("product_id"), "The product looked at.")
    category: str | None = planned(_property("category"), "The category looked at.")
    query: str | None = planned(_property("query"), "What was searched for.")


@strawberry.type(description="Something was put into a cart, or a checkout went on.")
class CartTouchpoint(Touchpoint):
    cart_id: str | None = planned(_property("cart_id"), "The cart.")
    product_id: str | None = planned(
        as_text(f"coalesce({{row}}.properties ->> 'product_id', {_FIRST_PRODUCT})"), "The first product concerned."
    )
    coupon: str | None = planned(_property("coupon"), "The coupon used or tried.")


@strawberry.type(description="Goods went out, arrived, or were collected.")
class DeliveryTouchpoint(Touchpoint):
    order: Order | None = planned(ORDER_OF_ROW, "The order delivered; null when it is not known to us.")
    late: bool | None = planned(
        as_boolean("case {row}.properties ->> 'late' when 'true' then true when 'false' then false end"),
        "Whether it came late; null when the source does not say.",
    )


@strawberry.type(description="A campaign reached the customer, or the customer reacted to it.")
class CampaignTouchpoint(Touchpoint):
    promotion_id: str | None = planned(_property("promotion_id"), "The promotion shown.")
    creative: str | None = planned(_property("creative"), "The creative shown.")


@strawberry.type(description="A contact with the service: a call, a message, a ticket.")
class ServiceTouchpoint(Touchpoint):
    ticket_id: str | None = planned(_property("ticket_id"), "The ticket it belongs to.")
    direction: str | None = planned(_property("direction"), "INBOUND or OUTBOUND.")
    subject: str | None = planned(
        _property("subject"), "What it was about, in words.", scope=Scope.SERVICE, personal=PersonalData.WORDS
    )
    cause: str | None = planned(_property("cause"), "Its cause code.")


@strawberry.type(description="The customer said what they think: a survey, a review, a share.")
class FeedbackTouchpoint(Touchpoint):
    kind: str | None = planned(_property("kind"), "NPS, CES or CSAT for a survey.")
    score: float | None = planned(_number("score"), "The score given: NPS 0-10, CES 1-7, CSAT 1-5.")
    rating: float | None = planned(_number("rating"), "The rating of a review.")
    comment: str | None = planned(
        as_text("coalesce({row}.properties ->> 'comment', {row}.properties ->> 'review_body')"),
        "What the customer wrote.",
        scope=Scope.SERVICE,
        personal=PersonalData.WORDS,
    )
    about: str | None = planned(_property("about"), "What the feedback is about.")


@strawberry.type(description="Anything else; its name and properties say what.")
class OtherTouchpoint(Touchpoint):
    pass


CONCRETE = (
    OrderTouchpoint,
    BrowseTouchpoint,
    CartTouchpoint,
    DeliveryTouchpoint,
    CampaignTouchpoint,
    ServiceTouchpoint,
    FeedbackTouchpoint,
    OtherTouchpoint,
)


@strawberry.type(description="One touchpoint of a page.")
class TouchpointEdge:
    node: Touchpoint = planned(None, "The touchpoint.")
    cursor: str = planned(None, CURSOR)


@strawberry.type(description="A page of touchpoints.")
class TouchpointConnection:
    edges: list[TouchpointEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, TOTAL)


TIMELINE = Page(
    tag="e",
    ordering=facts_of_person("event", "occurred_at"),
    filters={
        "types": "{item}.type = any({arg:types:texts})",
        "channels": "{item}.channel = any({arg:channels:texts})",
        "from": "{item}.occurred_at >= {arg:from:instant}",
        "to": "{item}.occurred_at < {arg:to:instant}",
    },
)
