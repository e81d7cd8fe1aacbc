"""What happened: touchpoints, orders with their lines, purchase journeys."""

from typing import Any

import strawberry
from strawberry.types import Info

from benchmarks.graphql.strawberry_orm.values import Money, money


@strawberry.type
class Touchpoint:
    id: str
    type: str
    name: str
    channel: str
    occurred_at: str


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class TouchpointEdge:
    node: Touchpoint


@strawberry.type
class TouchpointConnection:
    edges: list[TouchpointEdge]
    page_info: PageInfo


@strawberry.type
class OrderLine:
    row: strawberry.Private[Any]
    product_id: str | None
    category: str | None

    @strawberry.field
    def quantity(self) -> str:
        return f"{self.row.quantity.normalize():f}"

    @strawberry.field
    def amount(self) -> Money | None:
        return money(self.row.amount_minor)


@strawberry.type
class Order:
    row: strawberry.Private[Any]
    number: str
    channel: str

    @strawberry.field
    def id(self) -> str:
        return f"ord_{self.row.id}"

    @strawberry.field
    def ordered_at(self) -> str:
        return str(self.row.ordered_at.isoformat())

    @strawberry.field
    def total(self) -> Money | None:
        return money(self.row.total_minor, self.row.currency)

    @strawberry.field
    async def lines(self, info: Info) -> list[OrderLine]:
        found = await info.context["loaders"]["lines"].load(self.row.id)
        return [OrderLine(row=one, product_id=one.product_id, category=one.category) for one in found]


@strawberry.type
class OrderEdge:
    node: Order


@strawberry.type
class OrderConnection:
    edges: list[OrderEdge]


@strawberry.type
class PurchaseJourney:
    started_at: str
    ended_at: str
    channels: list[str]
    touch_count: int
    omnichannel: bool


@strawberry.type
class PurchaseJourneyEdge:
    node: PurchaseJourney


@strawberry.type
class PurchaseJourneyConnection:
    edges: list[PurchaseJourneyEdge]
