"""The peer most teams would write: Strawberry resolvers over the SQLAlchemy ORM, DataLoaders against N+1 queries.

Written with care (one loader per relation, asyncpg, uvloop) and with nothing more: no planner, no authorisation. It
answers the three benchmark operations in the same words as ours, so that the answers can be compared.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import strawberry
from sqlalchemy import MetaData, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.automap import automap_base
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from profile_api.store.database import sqlalchemy_url

_URL = os.environ["DATABASE_URL"]
_TABLES = (
    "customer identity customer_order order_line event lifecycle_transition lifecycle_clock customer_metrics"
    " latest_prediction purchase_journey consent"
).split()


def _mapped() -> Any:
    """ORM classes of the tables, read from the database once."""
    metadata = MetaData()
    engine = create_engine(sqlalchemy_url(_URL).set(drivername="postgresql+psycopg"))
    metadata.reflect(engine, only=_TABLES)
    base = automap_base(metadata=metadata)
    base.prepare(generate_relationship=lambda *_args, **_keywords: None)
    engine.dispose()
    return base.classes


rows = _mapped()
engine = create_async_engine(sqlalchemy_url(_URL), pool_size=4, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


def _many(entity: Any, key: str, order: Sequence[Any]) -> Any:
    """A loader of all rows of an entity by a key, each list in the given order."""

    async def load(keys: list[int]) -> list[list[Any]]:
        async with sessions() as session:
            found = await session.scalars(select(entity).where(getattr(entity, key).in_(keys)).order_by(*order))
            lists = defaultdict(list)
            for row in found:
                lists[getattr(row, key)].append(row)
            return [lists[one] for one in keys]

    return load


def loaders() -> dict[str, DataLoader[int, Any]]:
    """One loader per relation and request."""
    order, event, step = rows.customer_order, rows.event, rows.lifecycle_transition
    return {
        "identities": DataLoader(_many(rows.identity, "customer_id", [rows.identity.type, rows.identity.id])),
        "orders": DataLoader(_many(order, "customer_id", [order.ordered_at.desc(), order.id.desc()])),
        "lines": DataLoader(_many(rows.order_line, "order_id", [rows.order_line.line_number])),
        "events": DataLoader(_many(event, "customer_id", [event.occurred_at.desc(), event.id.desc()])),
        "steps": DataLoader(_many(step, "customer_id", [step.effective_at.desc()])),
        "clocks": DataLoader(_many(rows.lifecycle_clock, "customer_id", [rows.lifecycle_clock.effective_at.desc()])),
        "metrics": DataLoader(_many(rows.customer_metrics, "customer_id", [rows.customer_metrics.customer_id])),
        "predictions": DataLoader(_many(rows.latest_prediction, "customer_id", [rows.latest_prediction.customer_id])),
        "journeys": DataLoader(_many(rows.purchase_journey, "customer_id", [rows.purchase_journey.started_at.desc()])),
        "consents": DataLoader(
            _many(rows.consent, "customer_id", [rows.consent.purpose, rows.consent.channel, rows.consent.id])
        ),
    }


def now() -> datetime:
    return datetime.now(UTC)


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


@strawberry.type
class Money:
    amount: str
    currency: str


def money(minor: float | None, currency: str = "EUR") -> Money | None:
    if minor is None:
        return None
    return Money(amount=f"{Decimal(round(minor)) / 100:.2f}", currency=currency)


@strawberry.type
class Identity:
    type: str
    value: str
    linked_at: str


@strawberry.type
class StageTransition:
    to_stage: str
    effective_at: str


@strawberry.type
class StageTransitionEdge:
    node: StageTransition


@strawberry.type
class StageTransitionConnection:
    edges: list[StageTransitionEdge]


@strawberry.type
class Lifecycle:
    step: strawberry.Private[Any]
    stage: str
    since: str

    @strawberry.field
    def days_in_stage(self) -> int:
        return int((now() - self.step.effective_at).days)

    async def _clock(self, info: Info) -> Any:
        return (await info.context["loaders"]["clocks"].load(self.step.customer_id))[0]

    @strawberry.field
    async def alert_at(self, info: Info) -> str | None:
        return _instant((await self._clock(info)).alert_at)

    @strawberry.field
    async def lost_at(self, info: Info) -> str | None:
        return _instant((await self._clock(info)).lost_at)

    @strawberry.field
    async def basis(self, info: Info) -> str | None:
        basis: str | None = (await self._clock(info)).basis
        return basis

    @strawberry.field
    async def history(self, info: Info, first: int) -> StageTransitionConnection:
        steps = await info.context["loaders"]["steps"].load(self.step.customer_id)
        past = [one for one in steps if one.effective_at <= now()][:first]
        return StageTransitionConnection(
            edges=[
                StageTransitionEdge(
                    node=StageTransition(to_stage=one.to_stage, effective_at=one.effective_at.isoformat())
                )
                for one in past
            ]
        )


@strawberry.type
class Metrics:
    row: strawberry.Private[Any]
    order_count: int
    last_order_at: str
    median_gap_days: int | None
    categories: list[str]

    @strawberry.field
    async def frequency(self, info: Info) -> int:
        orders = await info.context["loaders"]["orders"].load(self.row.customer_id)
        since = now() - timedelta(days=365)
        return sum(since < one.ordered_at <= now() and one.invalid_at is None for one in orders)

    @strawberry.field
    def net_revenue(self) -> Money | None:
        return money(self.row.net_revenue_minor)

    @strawberry.field
    def average_basket(self) -> Money | None:
        return money(self.row.average_basket_minor)

    @strawberry.field
    def days_since_last_order(self) -> int:
        return int((now() - self.row.last_order_at).days)


@strawberry.type
class Preference:
    value: str
    share: float


@strawberry.type
class Preferences:
    stated: strawberry.Private[dict[str, Any]]

    def _one(self, name: str) -> Preference | None:
        found = self.stated.get(name)
        return Preference(value=found["value"], share=found["share"]) if found else None

    @strawberry.field
    def channel(self) -> Preference | None:
        return self._one("channel")

    @strawberry.field
    def store(self) -> Preference | None:
        return self._one("store")

    @strawberry.field
    def category(self) -> Preference | None:
        return self._one("category")


@strawberry.type
class ChannelProfile:
    mix: str | None
    recruitment_path: str | None


@strawberry.type
class Consent:
    purpose: str
    channel: str | None
    status: str


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


@strawberry.type
class Driver:
    feature: str
    contribution: float
    text: str


@strawberry.type
class Provenance:
    model: str
    version: str
    as_of: str


@strawberry.type
class ChurnPrediction:
    row: strawberry.Private[Any]
    probability: float
    band: str
    horizon_days: int

    @strawberry.field
    def drivers(self, first: int = 5) -> list[Driver]:
        return [
            Driver(feature=one["feature"], contribution=one["contribution"], text=one["text_en"])
            for one in self.row.answer["churn"]["drivers"][:first]
        ]

    @strawberry.field
    def provenance(self) -> Provenance:
        model = self.row.answer["churn"]["model"]
        return Provenance(model=model["name"], version=model["version"], as_of=self.row.as_of.isoformat())


@strawberry.type
class NextPurchasePrediction:
    row: strawberry.Private[Any]

    def _day(self, quantile: str) -> str:
        from zoneinfo import ZoneInfo

        days = self.row.answer["next_purchase"][quantile]
        return (self.row.as_of + timedelta(days=days)).astimezone(ZoneInfo("Europe/Paris")).date().isoformat()

    @strawberry.field
    def expected_on(self) -> str:
        return self._day("p50_days")

    @strawberry.field
    def earliest_on(self) -> str:
        return self._day("p10_days")

    @strawberry.field
    def latest_on(self) -> str:
        return self._day("p90_days")

    @strawberry.field
    def probability_within(self, days: int) -> float:
        said = self.row.answer["next_purchase"]
        before = (0.0, 0.0)
        for day, probability in zip(said["days"], said["probability"], strict=True):
            if day >= days:
                return float(before[1] + (probability - before[1]) * (days - before[0]) / (day - before[0]))
            before = (day, probability)
        return before[1]


@strawberry.type
class ValuePrediction:
    row: strawberry.Private[Any]
    metrics: strawberry.Private[Any]

    def _expected(self) -> float:
        return float(self.row.answer["value"]["expected_minor"])

    @strawberry.field
    def historic(self) -> Money | None:
        return money(self.metrics.net_revenue_minor)

    @strawberry.field
    def predicted(self) -> Money | None:
        return money(self._expected())

    @strawberry.field
    def total(self) -> Money | None:
        return money(self.metrics.net_revenue_minor + self._expected())

    @strawberry.field
    def expected_loss(self) -> Money | None:
        exact = Decimal(str(self._expected())) * Decimal(str(self.row.answer["churn"]["probability"]))
        return money(int(exact.quantize(Decimal(1), rounding="ROUND_HALF_UP")))


@strawberry.type
class Predictions:
    row: strawberry.Private[Any]

    @strawberry.field
    def churn(self) -> ChurnPrediction:
        said = self.row.answer["churn"]
        return ChurnPrediction(
            row=self.row, probability=said["probability"], band=said["band"], horizon_days=said["horizon_days"]
        )

    @strawberry.field
    def next_purchase(self) -> NextPurchasePrediction:
        return NextPurchasePrediction(row=self.row)

    @strawberry.field
    async def value(self, info: Info) -> ValuePrediction:
        [metrics] = await info.context["loaders"]["metrics"].load(self.row.customer_id)
        return ValuePrediction(row=self.row, metrics=metrics)


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
