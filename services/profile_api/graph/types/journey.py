"""Purchase journeys: the touchpoints that led to an order, or that may lead to the next one."""

import strawberry

from customer.vocabulary import Channel
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import (
    Ordering,
    Page,
    SortKey,
    as_boolean,
    as_instant,
    as_number,
    as_text,
    as_word,
    planned,
    planned_call,
    unresolved,
)
from profile_api.graph.sql import template
from profile_api.graph.types.connection import (
    CURSOR,
    EDGES,
    PAGE_INFO,
    TOTAL,
    After,
    Before,
    First,
    Last,
    PageInfo,
)
from profile_api.graph.types.order import ORDER_OF_ROW, Order
from profile_api.graph.types.touchpoint import TouchpointConnection

_KEYS = (SortKey("{item}.occurred_at", "timestamptz"), SortKey("{item}.id", "bigint"))
TOUCHPOINTS = Page(tag="j", ordering=Ordering(rows=template("journey_touchpoints"), keys=_KEYS, descending=False))


@strawberry.type(
    description="The touchpoints from the first sign of intent up to an order, with no silence of 30 days between; the "
    "last one may still be open."
)
class PurchaseJourney:
    started_at: DateTime = planned(as_instant("{row}.started_at"), "Its first touchpoint.")
    ended_at: DateTime = planned(as_instant("{row}.ended_at"), "The order, or the last touchpoint of an open journey.")
    open: bool = planned(as_boolean("({row}.order_id is null)"), "Whether no order ended it.")
    order: Order | None = planned(ORDER_OF_ROW, "The order that ended it; null while it is open.")
    first_channel: Channel = planned(as_word("{row}.first_channel"), "Where it began.")
    last_channel: Channel = planned(as_word("{row}.last_channel"), "Where it ended.")
    channels: list[Channel] = planned(as_text("{row}.channels"), "The channels in the order of their first use.")
    touch_count: int = planned(as_number("{row}.touch_count"), "How many touchpoints, the order included.")
    duration_s: int = planned(
        as_number("extract(epoch from {row}.ended_at - {row}.started_at)::bigint"), "Seconds from first to last."
    )
    omnichannel: bool = planned(as_boolean("{row}.omnichannel"), "Whether it used two channels or more.")
    delivery_type: str | None = planned(as_text("{row}.delivery_type"), "How the order was delivered.")
    payment_method: str | None = planned(as_text("{row}.payment_method"), "How the order was paid.")

    @planned_call(TOUCHPOINTS, "Its touchpoints, the first one first.")
    def touchpoints(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> TouchpointConnection:
        return unresolved()


@strawberry.type(description="One purchase journey of a page.")
class PurchaseJourneyEdge:
    node: PurchaseJourney = planned(None, "The journey.")
    cursor: str = planned(None, CURSOR)


@strawberry.type(description="A page of purchase journeys.")
class PurchaseJourneyConnection:
    edges: list[PurchaseJourneyEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, TOTAL)


JOURNEYS = Page(
    tag="p",
    ordering=Ordering(
        rows=template("purchase_journeys"),
        then=template("purchase_journeys_then"),
        keys=(SortKey("{item}.started_at", "timestamptz"), SortKey("{item}.first_event_id", "bigint")),
    ),
)
