"""Where a customer stands: stage, figures, preferences, channels."""

from datetime import timedelta
from typing import Any

import strawberry
from strawberry.types import Info

from benchmarks.graphql.strawberry_orm.values import Money, instant, money, now


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
        return instant((await self._clock(info)).alert_at)

    @strawberry.field
    async def lost_at(self, info: Info) -> str | None:
        return instant((await self._clock(info)).lost_at)

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
