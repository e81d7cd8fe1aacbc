"""The root of every read."""

from typing import Annotated, Any

import strawberry

from customer.vocabulary import IdentityType
from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import ErrorCode, GraphError, Scope
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import Choice, Entities, Given, Rows, planned, planned_call, unresolved
from profile_api.graph.sql import template
from profile_api.graph.types.connection import After, Before, First, Last
from profile_api.graph.types.customer import Customer
from profile_api.graph.types.customers import CUSTOMERS, CustomerConnection, CustomerFilter, CustomerOrder
from profile_api.graph.types.model import MODELS, PROMOTION_LOG, Model, ModelPromotion
from profile_api.graph.types.node import Node
from profile_api.graph.types.policy import POLICY, LifecyclePolicy
from profile_api.graph.types.search import SEARCH, CustomerSearchHit

_PERSON_OF_LEAF = """
  select person.* from {table:customer} leaf join {table:customer} person on person.id = leaf.root_id
  where leaf.id = """
_ORDER = "select placed.* from {table:customer_order} placed where placed.id = "


@strawberry.input(description="An identifier as anybody would give it; it is normalised before it is looked up.")
class IdentityInput:
    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="Its value: an e-mail address, a card number, an order number.")


BY_ID = Rows(sql=_PERSON_OF_LEAF + "{arg:id:customer_id}", looks_from=True)
BY_IDENTITY = Rows(sql=template("customer_by_identity"), looks_from=True, personal=PersonalData.LOOK_UP)
BY_ORDER_NUMBER = Rows(sql=template("customer_by_order_number"), looks_from=True, personal=PersonalData.LOOK_UP)


def _one_customer(given: Given) -> Rows:
    by_id, by_identity = given.has("id"), given.has("identity")
    if by_id == by_identity:
        raise GraphError("give either `id` or `identity` to find a customer", code=ErrorCode.BAD_ARGUMENT)
    if by_id:
        return BY_ID
    return BY_ORDER_NUMBER if given.word("identity.type") == IdentityType.ORDER_ID else BY_IDENTITY


def _prefix(value: Any) -> str:
    prefix = str(value)[:4]
    return prefix if prefix in _NODES else ""


_NODES = {
    "cus_": Rows(sql=_PERSON_OF_LEAF + "{arg:id:customer_id}", type="Customer"),
    "ord_": Rows(sql=_ORDER + "{arg:id:order_id}", type="Order", scope=Scope.JOURNEY),
    "evt_": Rows(
        sql="""
          select touch.* from {table:event} touch
          where touch.customer_id = {arg:id:event_customer} and touch.id = {arg:id:event_id}""",
        type="Touchpoint",
        scope=Scope.JOURNEY,
    ),
}


def _node(given: Given) -> Rows:
    prefix = given.of("id", _prefix)
    if not prefix:
        raise GraphError("not an id this service gave out", code=ErrorCode.BAD_ID)
    return _NODES[str(prefix)]


ENTITIES = Entities(rows={"Customer": _PERSON_OF_LEAF + "{key}", "Order": _ORDER + "{key}"})


@strawberry.type(description="What can be read.")
class Query:
    lifecycle_policy: LifecyclePolicy = planned(
        POLICY, "The thresholds in force, and what each stage means.", scope=Scope.PROFILE
    )
    models: list[Model] = planned(
        MODELS, "The models behind the stored predictions, the latest first.", scope=Scope.MODELS
    )

    @planned_call(
        PROMOTION_LOG,
        "Who put which models in charge, when and why: the newest decisions first.",
        scope=Scope.MODELS,
    )
    def model_promotions(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 20
    ) -> list[ModelPromotion]:
        return unresolved()

    @planned_call(Choice(choose=_node), "Whatever has this global id; null when nothing has.", scope=Scope.PROFILE)
    def node(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="A global id this service gave out.")]
    ) -> Node | None:
        return unresolved()

    @planned_call(
        Choice(choose=_one_customer),
        "By global id or by any identifier ever linked; absorbed ids and old e-mail addresses answer too. Null when "
        "nobody is found. From another instant everything is told as it would have been then, but for what its "
        "description excepts.",
        scope=Scope.PROFILE,
    )
    def customer(
        self,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Global id, `cus_…`; or give `identity`.")
        ] = strawberry.UNSET,
        identity: Annotated[
            IdentityInput | None, strawberry.argument(description="Any identifier ever linked; or give `id`.")
        ] = strawberry.UNSET,
        as_of: Annotated[
            DateTime | None,
            strawberry.argument(
                description="Look from this instant: only facts before it count. Who belongs together is as known now."
            ),
        ] = strawberry.UNSET,
        known_at: Annotated[
            DateTime | None,
            strawberry.argument(
                description="Tell what was known at this instant: facts received before it, merges and names of then."
            ),
        ] = strawberry.UNSET,
    ) -> Customer | None:
        return unresolved()

    @planned_call(CUSTOMERS, "Customers by page; the newest first unless ordered otherwise.", scope=Scope.PROFILE)
    def customers(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Annotated[
            CustomerFilter | None, strawberry.argument(description="Only those of whom all this is true.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            CustomerOrder | None, strawberry.argument(description="The newest customers first when left out.")
        ] = strawberry.UNSET,
    ) -> CustomerConnection:
        return unresolved()

    @planned_call(
        SEARCH,
        "What an agent types: a name (typing errors forgiven), an e-mail address, a phone number, a card, an order "
        "number. The best match first.",
        scope=Scope.PII,
        personal=PersonalData.SEARCH,
    )
    def search_customers(
        self,
        text: Annotated[str, strawberry.argument(description="Some of it is enough for names.")],
        first: Annotated[int | None, strawberry.argument(description="How many at most.")] = 10,
    ) -> list[CustomerSearchHit]:
        return unresolved()
