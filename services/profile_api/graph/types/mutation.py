"""The root of every write. What a mutation returns is read like a query, after its transaction has committed."""

from enum import StrEnum
from typing import Annotated

import strawberry

from customer.vocabulary import Channel
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import Rows, Write, planned, planned_call, unresolved
from profile_api.graph.types.customer import Customer
from profile_api.graph.types.identity import Consent
from profile_api.graph.types.touchpoint import Touchpoint
from profile_api.graph.types.words import ConsentStatus

_CUSTOMER = Rows(
    sql="""
      select person.* from {table:customer} leaf join {table:customer} person on person.id = leaf.root_id
      where leaf.id = p.written_customer"""
)
_TOUCHPOINT = Rows(
    sql="""
      select touch.* from {table:event} touch
      where touch.customer_id = p.written_customer and touch.id = p.written_row"""
)


@strawberry.enum(description="Who began a contact.")
class ContactDirection(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


@strawberry.enum(description="What a contact did to its ticket.")
class TicketAction(StrEnum):
    OPENED = "OPENED"
    UPDATED = "UPDATED"
    CLOSED = "CLOSED"


@strawberry.enum(description="A kind of survey: NPS 0-10, CES 1-7, CSAT 1-5.")
class SurveyKind(StrEnum):
    NPS = "NPS"
    CES = "CES"
    CSAT = "CSAT"


_CUSTOMER_ID = "Global id of the customer."
_OCCURRED = "When it happened; now when left out. Not in the future."
_MESSAGE = "Your own id of this message: sent again with it, it is recorded once."
_SOURCE = "The system that states it; `api` when left out."


@strawberry.input(description="What a customer said to a purpose.")
class SetConsentInput:
    customer_id: strawberry.ID = strawberry.field(description=_CUSTOMER_ID)
    purpose: str = strawberry.field(
        description="The purpose, such as `MARKETING`; kept in capitals however it is written."
    )
    status: ConsentStatus = strawberry.field(description="What was said.")
    channel: Channel | None = strawberry.field(description="One channel; all when left out.", default=strawberry.UNSET)
    proof: str | None = strawberry.field(description="Where the proof is kept.", default=strawberry.UNSET)
    source: str | None = strawberry.field(description=_SOURCE, default=strawberry.UNSET)
    effective_at: DateTime | None = strawberry.field(
        description="From when it holds; now when left out. Not in the future.", default=strawberry.UNSET
    )


@strawberry.input(description="A call, a message, or something that happened to a ticket.")
class RecordServiceContactInput:
    customer_id: strawberry.ID = strawberry.field(description=_CUSTOMER_ID)
    channel: Channel = strawberry.field(description="Where it took place.")
    direction: ContactDirection | None = strawberry.field(description="Who began it.", default=strawberry.UNSET)
    subject: str | None = strawberry.field(description="What it was about.", default=strawberry.UNSET)
    cause: str | None = strawberry.field(description="Its cause code.", default=strawberry.UNSET)
    priority: str | None = strawberry.field(description="Its priority in your words.", default=strawberry.UNSET)
    ticket_id: str | None = strawberry.field(description="The ticket it belongs to.", default=strawberry.UNSET)
    ticket: TicketAction | None = strawberry.field(
        description="What it did to the ticket; left out for a plain contact.", default=strawberry.UNSET
    )
    source: str | None = strawberry.field(description=_SOURCE, default=strawberry.UNSET)
    occurred_at: DateTime | None = strawberry.field(description=_OCCURRED, default=strawberry.UNSET)
    message_id: str | None = strawberry.field(description=_MESSAGE, default=strawberry.UNSET)


@strawberry.input(description="An answer to a survey.")
class RecordFeedbackInput:
    customer_id: strawberry.ID = strawberry.field(description=_CUSTOMER_ID)
    kind: SurveyKind = strawberry.field(description="Which survey.")
    score: float = strawberry.field(description="The score, within the survey's own bounds.")
    channel: Channel = strawberry.field(description="Where it was given.")
    comment: str | None = strawberry.field(description="What the customer wrote.", default=strawberry.UNSET)
    about: str | None = strawberry.field(description="What it is about.", default=strawberry.UNSET)
    source: str | None = strawberry.field(description=_SOURCE, default=strawberry.UNSET)
    occurred_at: DateTime | None = strawberry.field(description=_OCCURRED, default=strawberry.UNSET)
    message_id: str | None = strawberry.field(description=_MESSAGE, default=strawberry.UNSET)


@strawberry.type(description="The consent as recorded, and the customer after it.")
class SetConsentPayload:
    consent: Consent = planned(
        Rows(sql="select stated.* from {table:consent} stated where stated.id = p.written_row"),
        "What was recorded.",
        scope=Scope.CONSENTS,
    )
    customer: Customer = planned(_CUSTOMER, "The customer afterwards.", scope=Scope.PROFILE)


@strawberry.type(description="The contact as recorded, and the customer after it.")
class RecordServiceContactPayload:
    touchpoint: Touchpoint = planned(_TOUCHPOINT, "What was recorded.", scope=Scope.JOURNEY)
    customer: Customer = planned(_CUSTOMER, "The customer afterwards.", scope=Scope.PROFILE)


@strawberry.type(description="The feedback as recorded, and the customer after it.")
class RecordFeedbackPayload:
    touchpoint: Touchpoint = planned(_TOUCHPOINT, "What was recorded.", scope=Scope.JOURNEY)
    customer: Customer = planned(_CUSTOMER, "The customer afterwards.", scope=Scope.PROFILE)


@strawberry.type(description="What can be written. Each mutation is one transaction; several run one after the other.")
class Mutation:
    @planned_call(Write(), "Records what a customer said to a purpose.", scope=Scope.WRITE)
    def set_consent(
        self, input: Annotated[SetConsentInput, strawberry.argument(description="What was said, and by whom.")]
    ) -> SetConsentPayload:
        return unresolved()

    @planned_call(Write(), "Records a contact with the service.", scope=Scope.WRITE)
    def record_service_contact(
        self,
        input: Annotated[RecordServiceContactInput, strawberry.argument(description="What happened, and to whom.")],
    ) -> RecordServiceContactPayload:
        return unresolved()

    @planned_call(Write(), "Records an answer to a survey.", scope=Scope.WRITE)
    def record_feedback(
        self, input: Annotated[RecordFeedbackInput, strawberry.argument(description="What was answered, and by whom.")]
    ) -> RecordFeedbackPayload:
        return unresolved()
