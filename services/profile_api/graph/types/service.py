"""What the service knows: satisfaction, tickets, contacts."""

import strawberry

from customer.vocabulary import Channel
from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import (
    Embedded,
    Rows,
    as_float,
    as_instant,
    as_number,
    as_text,
    as_word,
    planned,
)
from profile_api.graph.sql import template


@strawberry.type(description="The latest answer to one kind of survey.")
class SurveyScore:
    score: float = planned(as_float("({survey} ->> 'score')::double precision"), "The score given.")
    answered_at: DateTime = planned(as_instant("({survey} ->> 'answeredAt')::timestamptz"), "When.")
    about: str | None = planned(as_text("{survey} ->> 'about'"), "What it was about.")
    channel: Channel = planned(as_word("{survey} ->> 'channel'"), "Where it was given.")


def _survey(kind: str) -> Embedded:
    stated = f"{{surveys}}.answers -> '{kind}'"
    return Embedded(present=f"({stated}) is not null", binds={"survey": f"({stated})"})


@strawberry.type(description="How satisfied the customer last said to be; each is null until they were asked.")
class Satisfaction:
    nps: SurveyScore | None = planned(_survey("NPS"), "Would recommend us, 0 to 10.")
    ces: SurveyScore | None = planned(_survey("CES"), "How easy it was, 1 to 7.")
    csat: SurveyScore | None = planned(_survey("CSAT"), "How satisfied, 1 to 5.")


@strawberry.type(description="A ticket that was opened and not closed since.")
class Ticket:
    id: str = planned(as_text("{row}.ticket_id"), "The ticket's number in the service's own system.")
    opened_at: DateTime = planned(as_instant("{row}.opened_at"), "When it was opened.")
    updated_at: DateTime = planned(as_instant("{row}.updated_at"), "When something last happened to it.")
    channel: Channel = planned(as_word("{row}.channel"), "Where that was.")
    subject: str | None = planned(
        as_text("{row}.subject"), "What it is about, in words.", scope=Scope.PII, personal=PersonalData.WORDS
    )
    priority: str | None = planned(as_text("{row}.priority"), "Its priority in the service's words.")
    cause: str | None = planned(as_text("{row}.cause"), "Its cause code.")


@strawberry.type(description="One exchange with the service.")
class ServiceContact:
    at: DateTime = planned(as_instant("{row}.occurred_at"), "When.")
    name: str = planned(as_text("{row}.name"), "What it was.")
    channel: Channel = planned(as_word("{row}.channel"), "Where.")
    direction: str | None = planned(as_text("{row}.properties ->> 'direction'"), "INBOUND or OUTBOUND.")
    subject: str | None = planned(
        as_text("{row}.properties ->> 'subject'"), "What it was about.", scope=Scope.PII, personal=PersonalData.WORDS
    )
    cause: str | None = planned(as_text("{row}.properties ->> 'cause'"), "Its cause code.")
    ticket_id: str | None = planned(as_text("{row}.properties ->> 'ticket_id'"), "The ticket it belongs to.")


@strawberry.type(description="What an agent should know before answering.")
class ServiceContext:
    open_tickets: list[Ticket] = planned(
        Rows(sql=template("open_tickets")), "Tickets still open, the newest first, at most 100."
    )
    last_contact: ServiceContact | None = planned(
        Rows(sql=template("last_contact")), "The latest exchange with the service; null if there was none."
    )
    contact_count_90d: int = planned(
        as_number("(" + template("service_contact_count") + ")"), "Exchanges in the last 90 days."
    )
