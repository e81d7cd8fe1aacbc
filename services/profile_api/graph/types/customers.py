"""Lists of customers: filters, orderings, pages."""

from enum import StrEnum

import strawberry

from customer.vocabulary import Channel, LifecycleStage
from profile_api.graph.scalars import DateTime, Decimal
from profile_api.graph.sources import Estimate, Join, Ordering, Page, SortKey, planned
from profile_api.graph.sql import template
from profile_api.graph.types.connection import EDGES, ESTIMATED_TOTAL, PAGE_INFO, PageInfo
from profile_api.graph.types.customer import CustomerEdge
from profile_api.graph.types.money import minor_per_main


@strawberry.enum(description="What customers can be ordered by. Those without the figure are left out of such a list.")
class CustomerOrderField(StrEnum):
    CREATED = "CREATED"
    LAST_ORDER = "LAST_ORDER"
    NET_REVENUE = "NET_REVENUE"
    CHURN_PROBABILITY = "CHURN_PROBABILITY"
    PREDICTED_VALUE = "PREDICTED_VALUE"


@strawberry.enum(description="Which end comes first.")
class OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.input(description="An ordering of customers; equal ones are told apart by id.")
class CustomerOrder:
    field: CustomerOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.DESC)


@strawberry.input(description="Bounds of a number; both belong to the range, either may be left out.")
class FloatRange:
    min: float | None = strawberry.field(description="At least.", default=strawberry.UNSET)
    max: float | None = strawberry.field(description="At most.", default=strawberry.UNSET)


@strawberry.input(description="Bounds of a count; both belong to the range, either may be left out.")
class IntRange:
    min: int | None = strawberry.field(description="At least.", default=strawberry.UNSET)
    max: int | None = strawberry.field(description="At most.", default=strawberry.UNSET)


@strawberry.input(description="Bounds of an amount in the company's currency; both belong to the range.")
class AmountRange:
    min: Decimal | None = strawberry.field(description="At least.", default=strawberry.UNSET)
    max: Decimal | None = strawberry.field(description="At most.", default=strawberry.UNSET)


@strawberry.input(description="A span of time; `from` belongs to it, `to` does not.")
class DateTimeRange:
    from_: DateTime | None = strawberry.field(name="from", description="From on.", default=strawberry.UNSET)
    to: DateTime | None = strawberry.field(description="Before.", default=strawberry.UNSET)


@strawberry.input(description="Which customers; every condition given must hold.")
class CustomerFilter:
    stages: list[LifecycleStage] | None = strawberry.field(
        description="In one of these stages of the relationship model now.", default=strawberry.UNSET
    )
    churn_probability: FloatRange | None = strawberry.field(
        description="Latest churn probability, 0 to 1.", default=strawberry.UNSET
    )
    predicted_value: AmountRange | None = strawberry.field(
        description="Latest predicted value.", default=strawberry.UNSET
    )
    net_revenue: AmountRange | None = strawberry.field(description="Net revenue so far.", default=strawberry.UNSET)
    order_count: IntRange | None = strawberry.field(description="Valid orders.", default=strawberry.UNSET)
    last_order_at: DateTimeRange | None = strawberry.field(
        description="When the last valid order was.", default=strawberry.UNSET
    )
    acquisition_channels: list[Channel] | None = strawberry.field(
        description="First ordered through one of these.", default=strawberry.UNSET
    )
    preferred_channels: list[Channel] | None = strawberry.field(
        description="Prefers one of these.", default=strawberry.UNSET
    )


@strawberry.type(description="A page of customers.")
class CustomerConnection:
    edges: list[CustomerEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, ESTIMATED_TOTAL)
    total_count_is_exact: bool = planned(
        None, "Whether `totalCount` was counted: true up to 10,000, false for the estimate above."
    )


_JOINS = {
    "figures": Join(now="join {table:customer_metrics} {self} on {self}.customer_id = {row}.id"),
    "predicted": Join(now="join {table:latest_prediction} {self} on {self}.customer_id = {row}.id"),
    "standing": Join(
        now="""join {table:lifecycle_transition} {self} on {self}.customer_id = {row}.id
          and {self}.model = 'relationship' and {self}.effective_at <= {now} and {self}.until_at > {now}"""
    ),
    "money": Join(
        now="cross join lateral (select "
        + minor_per_main("house.currency")
        + " as minor_per_main from {table:tenant} house) {self}"
    ),
}
_LARGEST = "9223372036854775807"


def _minor(path: str, rounding: str) -> str:
    """An amount in main units as minor units, kept within what the column can hold so that its index is used."""
    minor = f"{rounding}({{arg:{path}:numeric}} * {{money}}.minor_per_main)"
    return f"greatest(least({minor}, {_LARGEST}), -{_LARGEST})::bigint"


_FILTERS = {
    "filter.stages": "{standing}.to_stage = any({arg:filter.stages:texts})",
    "filter.churnProbability.min": "{predicted}.churn_probability >= {arg:filter.churnProbability.min:float}",
    "filter.churnProbability.max": "{predicted}.churn_probability <= {arg:filter.churnProbability.max:float}",
    "filter.predictedValue.min": "{predicted}.predicted_value_minor >= " + _minor("filter.predictedValue.min", "ceil"),
    "filter.predictedValue.max": "{predicted}.predicted_value_minor <= " + _minor("filter.predictedValue.max", "floor"),
    "filter.netRevenue.min": "{figures}.net_revenue_minor >= " + _minor("filter.netRevenue.min", "ceil"),
    "filter.netRevenue.max": "{figures}.net_revenue_minor <= " + _minor("filter.netRevenue.max", "floor"),
    "filter.orderCount.min": "{figures}.order_count >= {arg:filter.orderCount.min:int}",
    "filter.orderCount.max": "{figures}.order_count <= {arg:filter.orderCount.max:int}",
    "filter.lastOrderAt.from": "{figures}.last_order_at >= {arg:filter.lastOrderAt.from:instant}",
    "filter.lastOrderAt.to": "{figures}.last_order_at < {arg:filter.lastOrderAt.to:instant}",
    "filter.acquisitionChannels": ("{figures}.acquisition ->> 'channel' = any({arg:filter.acquisitionChannels:texts})"),
    "filter.preferredChannels": (
        "{figures}.preferences -> 'channel' ->> 'value' = any({arg:filter.preferredChannels:texts})"
    ),
}


def _ordering(sql: str, type_: str, known: bool = True) -> Ordering:
    rows = template("customers")
    if known:
        rows = rows.replace("{where}", "{where} and {sort} is not null")
    return Ordering(rows=rows, keys=(SortKey(sql, type_, column="{item}.sort_value"), SortKey("{item}.id", "bigint")))


_BY_ID = Ordering(
    rows=template("customers").replace(", {sort} as sort_value", ""), keys=(SortKey("{item}.id", "bigint"),)
)
CUSTOMERS = Page(
    tag="c",
    ordering=_BY_ID,
    joins=_JOINS,
    filters=_FILTERS,
    orderings={
        CustomerOrderField.CREATED: _BY_ID,
        CustomerOrderField.LAST_ORDER: _ordering("{figures}.last_order_at", "timestamptz"),
        CustomerOrderField.NET_REVENUE: _ordering("{figures}.net_revenue_minor", "bigint"),
        CustomerOrderField.CHURN_PROBABILITY: _ordering("{predicted}.churn_probability", "float8"),
        CustomerOrderField.PREDICTED_VALUE: _ordering("{predicted}.predicted_value_minor", "bigint"),
    },
    estimate=Estimate(sql=template("customers_in_all"), bound=10_000),
)
