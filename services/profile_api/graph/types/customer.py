"""The customer: one person, whatever identifiers and records they came with."""

from typing import ClassVar

import strawberry

from profile_api.graph.request import Scope
from profile_api.graph.sources import Embedded, Join, as_text, as_word, planned, planned_call, unresolved
from profile_api.graph.types.lifecycle import Lifecycle
from profile_api.graph.types.node import Node
from profile_api.graph.types.order import ORDERS, OrderConnection

STAGE = Join(
    now="""
      left join lateral (
        select * from {table:lifecycle_transition} stage
        where stage.customer_id = {row}.id and stage.model = {arg:model}
          and stage.effective_at <= {as_of} and stage.until_at > {as_of}
        limit 1
      ) {self} on true""",
)
CLOCK = Join(
    now="""
      left join lateral (
        select * from {table:lifecycle_clock} clock
        where clock.customer_id = {row}.id and clock.effective_at <= {as_of}
        order by clock.effective_at desc limit 1
      ) {self} on true""",
)


@strawberry.federation.type(keys=["id"], description="One person. All their identifiers, records and facts together.")
class Customer(Node):
    joins: ClassVar[dict[str, Join]] = {"stage": STAGE, "clock": CLOCK}

    id: strawberry.ID = planned(
        as_word("'cus_' || {row}.id"), "Global id; an absorbed customer's id finds the survivor."
    )
    display_name: str | None = planned(
        as_text("nullif(concat_ws(' ', {row}.given_name, {row}.family_name), '')"),
        "Given and family name; null when neither is known.",
        scope=Scope.PII,
    )

    @planned_call(Embedded(), "The stage in a lifecycle model.", scope=Scope.PROFILE)
    def lifecycle(self, model: str | None = "relationship") -> Lifecycle:
        return unresolved()

    @planned_call(ORDERS, "Orders, newest first.", scope=Scope.JOURNEY)
    def orders(
        self,
        first: int | None = strawberry.UNSET,
        after: str | None = strawberry.UNSET,
        last: int | None = strawberry.UNSET,
        before: str | None = strawberry.UNSET,
    ) -> OrderConnection:
        return unresolved()
