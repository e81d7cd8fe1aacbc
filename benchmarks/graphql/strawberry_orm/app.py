"""The customer, the queries, and the stock ASGI integration."""

from datetime import datetime, timedelta
from typing import Any

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.types import Info

from benchmarks.graphql.strawberry_orm.journey import (
    Order,
    OrderConnection,
    OrderEdge,
    PageInfo,
    PurchaseJourney,
    PurchaseJourneyConnection,
    PurchaseJourneyEdge,
    Touchpoint,
    TouchpointConnection,
    TouchpointEdge,
)
from benchmarks.graphql.strawberry_orm.predictions import Predictions
from benchmarks.graphql.strawberry_orm.records import loaders, rows, sessions
from benchmarks.graphql.strawberry_orm.standing import ChannelProfile, Lifecycle, Metrics, Preferences
from benchmarks.graphql.strawberry_orm.values import now


@strawberry.type
class Identity:
    type: str
    value: str
    linked_at: str


@strawberry.type
class Consent:
    purpose: str
    channel: str | None
    status: str


@strawberry.type
class Customer:
    row: strawberry.Private[Any]
    city: str | None

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"cus_{self.row.id}")

    @strawberry.field
    def display_name(self) -> str:
        return f"{self.row.given_name} {self.row.family_name}"

    @strawberry.field
    async def identities(self, info: Info) -> list[Identity]:
        found = await info.context["loaders"]["identities"].load(self.row.id)
        return [Identity(type=one.type, value=one.value, linked_at=one.linked_at.isoformat()) for one in found]

    @strawberry.field
    async def lifecycle(self, info: Info) -> Lifecycle:
        steps = await info.context["loaders"]["steps"].load(self.row.id)
        step = next(one for one in steps if one.effective_at <= now())
        return Lifecycle(step=step, stage=step.to_stage, since=step.effective_at.isoformat())

    @strawberry.field
    async def metrics(self, info: Info) -> Metrics:
        [row] = await info.context["loaders"]["metrics"].load(self.row.id)
        return Metrics(
            row=row,
            order_count=row.order_count,
            last_order_at=row.last_order_at.isoformat(),
            median_gap_days=row.median_gap_days,
            categories=row.categories,
        )

    @strawberry.field
    async def preferences(self, info: Info) -> Preferences:
        [row] = await info.context["loaders"]["metrics"].load(self.row.id)
        return Preferences(stated=row.preferences)

    @strawberry.field
    async def channel_profile(self, info: Info) -> ChannelProfile:
        [row] = await info.context["loaders"]["metrics"].load(self.row.id)
        path = row.channel_profile["recruitmentPath"]
        recent = [one for one in path if datetime.fromisoformat(one["lastUsedAt"]) > now() - timedelta(days=365)]
        return ChannelProfile(
            mix="MULTI" if len(recent) >= 2 else "MONO" if recent else None,
            recruitment_path=">".join(one["channel"] for one in path) or None,
        )

    @strawberry.field
    async def consents(self, info: Info) -> list[Consent]:
        found = await info.context["loaders"]["consents"].load(self.row.id)
        latest = {(one.purpose, one.channel): one for one in found}
        return [Consent(purpose=one.purpose, channel=one.channel, status=one.status) for one in latest.values()]

    @strawberry.field
    async def timeline(self, info: Info, first: int) -> TouchpointConnection:
        found = await info.context["loaders"]["events"].load(self.row.id)
        page = found[:first]
        micros = round(page[-1].occurred_at.timestamp() * 1_000_000)
        return TouchpointConnection(
            edges=[
                TouchpointEdge(
                    node=Touchpoint(
                        id=f"evt_{one.customer_id}_{one.id}",
                        type=one.type,
                        name=one.name,
                        channel=one.channel,
                        occurred_at=one.occurred_at.isoformat(),
                    )
                )
                for one in page
            ],
            page_info=PageInfo(has_next_page=len(found) > first, end_cursor=f"e_{micros}_{page[-1].id}"),
        )

    @strawberry.field
    async def orders(self, info: Info, first: int) -> OrderConnection:
        found = (await info.context["loaders"]["orders"].load(self.row.id))[:first]
        return OrderConnection(
            edges=[OrderEdge(node=Order(row=one, number=one.order_key, channel=one.channel)) for one in found]
        )

    @strawberry.field
    async def purchase_journeys(self, info: Info, first: int) -> PurchaseJourneyConnection:
        found = (await info.context["loaders"]["journeys"].load(self.row.id))[:first]
        return PurchaseJourneyConnection(
            edges=[
                PurchaseJourneyEdge(
                    node=PurchaseJourney(
                        started_at=one.started_at.isoformat(),
                        ended_at=one.ended_at.isoformat(),
                        channels=one.channels,
                        touch_count=one.touch_count,
                        omnichannel=one.omnichannel,
                    )
                )
                for one in found
            ]
        )

    @strawberry.field
    async def predictions(self, info: Info) -> Predictions:
        [row] = await info.context["loaders"]["predictions"].load(self.row.id)
        return Predictions(row=row)


@strawberry.type
class CustomerEdge:
    node: Customer


@strawberry.type
class CustomerConnection:
    edges: list[CustomerEdge]
    page_info: PageInfo


async def _customers(session: AsyncSession, after: int, first: int) -> list[Any]:
    entity = rows.customer
    statement = select(entity).where(entity.tenant_id == 1, entity.id == entity.root_id, entity.id < after)
    return list(await session.scalars(statement.order_by(entity.id.desc()).limit(first)))


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, id: strawberry.ID) -> Customer | None:
        async with sessions() as session:
            row = await session.get(rows.customer, int(id.removeprefix("cus_")))
        return Customer(row=row, city=row.city) if row else None

    @strawberry.field
    async def customers(self, first: int, after: str | None = None) -> CustomerConnection:
        start = int(after.removeprefix("c_")) if after else 2**62
        async with sessions() as session:
            found = await _customers(session, start, first + 1)
        page = found[:first]
        return CustomerConnection(
            edges=[CustomerEdge(node=Customer(row=one, city=one.city)) for one in page],
            page_info=PageInfo(has_next_page=len(found) > first, end_cursor=f"c_{page[-1].id}" if page else None),
        )


class App(GraphQL[dict[str, Any], None]):
    """The stock ASGI integration with fresh loaders per request."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"request": request, "response": response, "loaders": loaders()}


app = Starlette()
app.mount("/graphql", App(strawberry.Schema(Query)))
