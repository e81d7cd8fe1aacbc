"""The root of what can be listened to. Each event is read like a query, at the instant it is noticed."""

from typing import Annotated, ClassVar

import strawberry

from customer.vocabulary import LifecycleStage
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import (
    Embedded,
    Join,
    Rows,
    as_instant,
    as_text,
    as_word,
    planned,
    planned_call,
    unresolved,
)
from profile_api.graph.types.customer import CUSTOMER_JOINS, Customer

CHANGED_CUSTOMER = Rows(
    sql="""
      select person.* from {table:customer} leaf join {table:customer} person on person.id = leaf.root_id
      where leaf.id = {arg:id:customer_id}"""
)
CHANGED_STAGE = Rows(
    sql="""
      select changed.* from {table:lifecycle_transition} changed
      where changed.customer_id = p.change_customer and changed.model = {arg:model:lifecycle_model}
        and changed.effective_at = p.change_at"""
)


@strawberry.type(description="Something committed about a customer, or a stage reached by the passage of time.")
class CustomerChange:
    joins: ClassVar[dict[str, Join]] = CUSTOMER_JOINS

    noticed_at: DateTime = planned(as_instant("{now}"), "The instant the customer was read at, after the change.")
    customer: Customer = planned(Embedded(), "The customer as of then.")


@strawberry.type(description="A customer entered a stage.")
class StageChange:
    customer: Customer = planned(
        Rows(sql="select person.* from {table:customer} person where person.id = {row}.customer_id"),
        "The customer as of now.",
    )
    from_stage: LifecycleStage | None = planned(as_word("{row}.from_stage"), "The stage left; null at the beginning.")
    to_stage: LifecycleStage = planned(as_word("{row}.to_stage"), "The stage entered.")
    effective_at: DateTime = planned(as_instant("{row}.effective_at"), "When it took effect.")
    recorded_at: DateTime = planned(as_instant("{row}.recorded_at"), "When we knew that it would.")
    reason: str = planned(as_text("{row}.reason"), "The fact or limit that caused it, a stable word.")


@strawberry.type(
    description="What can be listened to. Events may repeat; those of one customer merge when fast; none is lost."
)
class Subscription:
    @planned_call(
        CHANGED_CUSTOMER,
        "Fires after each committed change that touches the customer, time-driven stage changes included.",
        scope=Scope.PROFILE,
    )
    def customer_changed(
        self,
        id: Annotated[strawberry.ID, strawberry.argument(description="The customer's global id.")],
        since: Annotated[
            DateTime | None,
            strawberry.argument(
                description="When you last read the customer. Given, one event comes at once, so that a change between "
                "that reading and this subscription is not missed."
            ),
        ] = strawberry.UNSET,
    ) -> CustomerChange:
        return unresolved()

    @planned_call(
        CHANGED_STAGE,
        "Fires when a customer enters a stage, by a fact or by the passage of time.",
        scope=Scope.PROFILE,
    )
    def stage_changed(
        self,
        to: Annotated[
            list[LifecycleStage] | None,
            strawberry.argument(description="Only these stages; all when it is left out."),
        ] = strawberry.UNSET,
        since: Annotated[
            DateTime | None,
            strawberry.argument(
                description="When you last read the customers, at most 31 days ago. Given, the changes since then (and "
                "some minutes before) come at once, so that none between that reading and this subscription is missed."
            ),
        ] = strawberry.UNSET,
        model: Annotated[str | None, strawberry.argument(description="The stage model.")] = "relationship",
    ) -> StageChange:
        return unresolved()
