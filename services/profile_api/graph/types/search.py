"""What a search finds."""

from enum import StrEnum
from typing import ClassVar

import strawberry

from profile_api.audit.personal_data import PersonalData
from profile_api.graph.sources import Embedded, Join, Rows, as_float, as_text, as_word, planned
from profile_api.graph.sql import template
from profile_api.graph.types.customer import CUSTOMER_JOINS, Customer


@strawberry.enum(description="What a search matched.")
class SearchMatch(StrEnum):
    NAME = "NAME"
    USER_ID = "USER_ID"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    LOYALTY_CARD = "LOYALTY_CARD"
    ACCOUNT = "ACCOUNT"
    ANONYMOUS_ID = "ANONYMOUS_ID"
    DEVICE_ID = "DEVICE_ID"
    ORDER_ID = "ORDER_ID"
    EXTERNAL = "EXTERNAL"


SEARCH = Rows(sql=template("search_customers"), personal=PersonalData.SEARCH)


@strawberry.type(description="A customer a search found.")
class CustomerSearchHit:
    joins: ClassVar[dict[str, Join]] = CUSTOMER_JOINS  # the row is the customer's own
    person: ClassVar[str] = "{row}.id"

    customer: Customer = planned(Embedded(), "The customer.")
    matched_on: SearchMatch = planned(as_word("{row}.matched_on"), "What matched.")
    matched_value: str | None = planned(
        as_text("{row}.matched_value"), "The identifier or order number that matched; null for a name."
    )
    score: float = planned(
        as_float("{row}.score"), "1 for an identifier; for a name 0.95 as written, less for beginnings and near misses."
    )
