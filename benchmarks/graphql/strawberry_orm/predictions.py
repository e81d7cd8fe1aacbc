"""What will probably happen: churn, next purchase, value."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import strawberry
from strawberry.types import Info

from benchmarks.graphql.strawberry_orm.values import Money, money


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
        days = self.row.answer["next_purchase"][quantile]
        return str((self.row.as_of + timedelta(days=days)).astimezone(ZoneInfo("Europe/Paris")).date())

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
