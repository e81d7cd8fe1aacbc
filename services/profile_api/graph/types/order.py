"""Orders with their lines."""

import strawberry

from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import Ordering, Page, SortKey, as_instant, as_number, as_text, as_word, planned
from profile_api.graph.types.connection import CURSOR, EDGES, PAGE_INFO, TOTAL, PageInfo
from profile_api.graph.types.money import Money, money
from profile_api.graph.types.node import Node


@strawberry.type(description="A completed order, from any channel.")
class Order(Node):
    id: strawberry.ID = planned(as_word("'ord_' || {row}.id"), "Global id of the order.")
    number: str = planned(as_text("{row}.order_key"), "The order number of the source.")
    ordered_at: DateTime = planned(as_instant("{row}.ordered_at"), "When it was placed.")
    total: Money | None = planned(money("{row}.total_minor", "{row}.currency"), "As ordered; null without amounts.")
    line_count: int = planned(as_number("{row}.line_count"), "How many lines.")


@strawberry.type(description="One order of a page.")
class OrderEdge:
    node: Order = planned(None, "The order.")
    cursor: str = planned(None, CURSOR)


@strawberry.type(description="A page of orders.")
class OrderConnection:
    edges: list[OrderEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, TOTAL)


ORDERS = Page(
    tag="o",
    ordering=Ordering(
        rows="""
            select {item}.* from {table:customer} member cross join lateral (
              select {item}.* from {table:customer_order} {item}
              where {item}.customer_id = member.id{before:ordered_at}{where}
              order by {order} limit {limit}
            ) {item}
            where member.root_id = {row}.id
            order by {order} limit {limit}""",
        keys=(SortKey("{item}.ordered_at", "timestamptz"), SortKey("{item}.id", "bigint")),
    ),
)
