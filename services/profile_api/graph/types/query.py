"""The root of every read."""

from typing import Annotated

import strawberry

from customer.vocabulary import IdentityType
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import Choice, Given, Rows, planned_call, unresolved
from profile_api.graph.types.customer import Customer


@strawberry.input(description="An identifier as anybody would give it; it is normalised before it is looked up.")
class IdentityInput:
    type: IdentityType = strawberry.field(description="Its kind.")
    value: str = strawberry.field(description="Its value: an e-mail address, a card number, an order number.")


BY_ID = Rows(
    sql="""
      select person.* from {table:customer} leaf join {table:customer} person on person.id = leaf.root_id
      where leaf.id = {arg:id:customer_id}""",
    looks_from=True,
)
BY_IDENTITY = Rows(
    sql="""
      select person.*
      from (
        select found.customer_id from {table:identity} found
        where found.type = {arg:identity.type} and found.value = {arg:identity:identity}
        order by found.unlinked_at desc nulls first, found.linked_at desc limit 1
      ) found
      join {table:customer} leaf on leaf.id = found.customer_id
      join {table:customer} person on person.id = leaf.root_id""",
    looks_from=True,
)
BY_ORDER_NUMBER = Rows(
    sql="""
      select person.*
      from (
        select placed.customer_id from {table:customer_order} placed
        where placed.order_key = {arg:identity:identity} limit 1
      ) found
      join {table:customer} leaf on leaf.id = found.customer_id
      join {table:customer} person on person.id = leaf.root_id""",
    looks_from=True,
)


def _one_customer(given: Given) -> Rows:
    by_id, by_identity = given.has("id"), given.has("identity")
    if by_id == by_identity:
        raise GraphError("give either `id` or `identity` to find a customer", code=ErrorCode.BAD_ARGUMENT)
    if by_id:
        return BY_ID
    return BY_ORDER_NUMBER if given.word("identity.type") == "ORDER_ID" else BY_IDENTITY


@strawberry.type(description="What can be read.")
class Query:
    @planned_call(
        Choice(choose=_one_customer),
        "By global id or by any identifier ever linked; absorbed ids and old e-mail addresses answer too. Null when "
        "nobody is found.",
    )
    def customer(
        self,
        id: strawberry.ID | None = strawberry.UNSET,
        identity: IdentityInput | None = strawberry.UNSET,
        as_of: Annotated[
            DateTime | None, strawberry.argument(description="Look from this instant: only facts before it.")
        ] = strawberry.UNSET,
        known_at: Annotated[
            DateTime | None, strawberry.argument(description="And only what had been received by this instant.")
        ] = strawberry.UNSET,
    ) -> Customer | None:
        return unresolved()
