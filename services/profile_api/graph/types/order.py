"""Orders with their lines and what was given back."""

import strawberry

from customer.vocabulary import Channel
from profile_api.graph.scalars import Date, DateTime, Decimal
from profile_api.graph.sources import (
    Page,
    Rows,
    as_boolean,
    as_date,
    as_instant,
    as_number,
    as_text,
    as_word,
    planned,
)
from profile_api.graph.types.connection import CURSOR, EDGES, PAGE_INFO, TOTAL, PageInfo, facts_of_person
from profile_api.graph.types.money import Money, money
from profile_api.graph.types.node import Node

LINES = Rows(
    sql="""
      select line.*, {row}.currency
      from {table:order_line} line where line.order_id = {row}.id order by line.line_number limit 1000"""
)
ADJUSTMENTS = Rows(
    sql="""
      select adjustment.*, {row}.currency
      from {table:order_adjustment} adjustment
      where adjustment.order_id = {row}.id{before:adjustment.occurred_at}
      order by adjustment.occurred_at, adjustment.id limit 1000"""
)
ORDER_OF_ROW = Rows(sql="select placed.* from {table:customer_order} placed where placed.id = {row}.order_id")
_GIVEN_BACK = """coalesce((
  select sum(adjustment.amount_minor) from {table:order_adjustment} adjustment
  where adjustment.order_id = {row}.id{before:adjustment.occurred_at}), 0)"""
_VALID = "({invalid_at:row} is null or {invalid_at:row} > {as_of})"


@strawberry.type(description="One line of an order.")
class OrderLine:
    line_number: int = planned(as_number("{row}.line_number"), "Its place in the order, from 1.")
    product_id: str | None = planned(as_text("{row}.product_id"), "The product as the source calls it.")
    category: str | None = planned(as_text("{row}.category"), "The product's category.")
    quantity: Decimal | None = planned(
        as_word("trim_scale({row}.quantity)::text"), "How many or how much; null where the source does not say."
    )
    amount: Money | None = planned(
        money("{row}.amount_minor", "{row}.currency"), "What the line cost in all; null without amounts."
    )


@strawberry.type(description="Something given back of an order: a return, a refund or a cancellation.")
class OrderAdjustment:
    kind: str = planned(as_text("{row}.kind"), "RETURN, REFUND or CANCELLATION.")
    occurred_at: DateTime = planned(as_instant("{row}.occurred_at"), "When.")
    amount: Money | None = planned(
        money("{row}.amount_minor", "{row}.currency"), "What the customer got back; null without amounts."
    )


@strawberry.federation.type(keys=["id"], description="A completed order, from any channel.")
class Order(Node):
    id: strawberry.ID = planned(as_word("'ord_' || {row}.id"), "Global id of the order.")
    number: str = planned(as_text("{row}.order_key"), "The order number of the source.")
    ordered_at: DateTime = planned(as_instant("{row}.ordered_at"), "When it was placed.")
    ordered_on: Date = planned(
        as_date("(date '1970-01-01' + {row}.local_day)"), "The day it was placed, in the company's time zone."
    )
    received_at: DateTime = planned(as_instant("{row}.received_at"), "When we learnt of it.")
    channel: Channel = planned(as_word("{row}.channel"), "Where it was placed.")
    store: str | None = planned(as_text("{row}.store_id"), "The store; null outside stores.")
    campaign: str | None = planned(as_text("{row}.campaign"), "The campaign it is credited to.")
    total: Money | None = planned(
        money("{row}.total_minor", "{row}.currency"), "As ordered; null where the source gives no amounts."
    )
    discount: Money | None = planned(money("{row}.discount_minor", "{row}.currency"), "Discounts included in it.")
    net: Money | None = planned(
        money(f"({{row}}.total_minor - {_GIVEN_BACK})", "{row}.currency"), "The total less everything given back."
    )
    valid: bool = planned(
        as_boolean(_VALID), "Whether it counts: neither cancelled nor fully refunded, and worth something."
    )
    main_category: str | None = planned(as_text("{row}.main_category"), "The category most was spent on.")
    delivery_type: str | None = planned(as_text("{row}.delivery_type"), "How it was delivered.")
    payment_method: str | None = planned(as_text("{row}.payment_method"), "How it was paid.")
    delivered_at: DateTime | None = planned(
        as_instant("case when {row}.delivered_at <= {as_of} then {row}.delivered_at end"),
        "When it was delivered; null until then.",
    )
    source: str = planned(as_text("{row}.source"), "The system that told us; `simulated` for made-up demo data.")
    line_count: int = planned(as_number("{row}.line_count"), "How many lines.")
    lines: list[OrderLine] = planned(LINES, "Its lines in their order, at most 1,000.")
    adjustments: list[OrderAdjustment] = planned(ADJUSTMENTS, "What was given back, the earliest first.")


@strawberry.type(description="One order of a page.")
class OrderEdge:
    node: Order = planned(None, "The order.")
    cursor: str = planned(None, CURSOR)


@strawberry.type(description="A page of orders.")
class OrderConnection:
    edges: list[OrderEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, TOTAL)


ORDERS = Page(tag="o", ordering=facts_of_person("customer_order", "ordered_at"))
