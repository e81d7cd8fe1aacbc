"""What a customer is known by and where it comes from: identifiers, traits, source records, consents."""

import strawberry

from customer.vocabulary import Channel, IdentityType
from profile_api.audit.personal_data import PersonalData
from profile_api.graph.request import Scope
from profile_api.graph.scalars import DateTime, Json
from profile_api.graph.sources import Rows, as_boolean, as_float, as_instant, as_json, as_text, as_word, planned
from profile_api.graph.sql import template
from profile_api.graph.types.words import ConsentStatus

_TRAITS_OF = """
      select trait.name, trait.value, trait.source, trait."observedAt" as observed_at
      from jsonb_to_recordset({whose}.traits)
        as trait (name text, value jsonb, source text, "observedAt" timestamptz)
      where trait.name is not null
      order by trait.name"""
TRAITS = Rows(sql=_TRAITS_OF.replace("{whose}", "{row}"), then=_TRAITS_OF.replace("{whose}", "{golden}"))
IDENTITIES = Rows(sql=template("identities"))
SOURCE_RECORDS = Rows(sql=template("source_records"), then=template("source_records_then"))
CONSENTS = Rows(sql=template("consents"))


@strawberry.type(description="One attribute of the golden record: the surviving value, and where it comes from.")
class Trait:
    name: str = planned(as_text("{row}.name"), "The attribute.")
    value: Json = planned(as_json("{row}.value"), "The value that survived.")
    source: str = planned(as_text("{row}.source"), "The source it was taken from.")
    observed_at: DateTime | None = planned(as_instant("{row}.observed_at"), "When that source stated it.")


@strawberry.type(description="An identifier, and how it came to belong to this customer.")
class Identity:
    type: IdentityType = planned(as_word("{row}.type"), "Its kind.")
    value: str = planned(as_text("{row}.value"), "Its normalised value.")
    source: str = planned(as_text("{row}.source"), "The system that stated it.")
    rule: str = planned(as_text("{row}.rule"), "The rule that linked it.")
    score: float | None = planned(
        as_float("{row}.score"), "The match weight of a probabilistic link; null for a certain one."
    )
    linked_at: DateTime = planned(as_instant("{row}.linked_at"), "When it was linked.")
    linked_by: str = planned(as_text("{row}.linked_by"), "Who or what linked it.")
    unlinked_at: DateTime | None = planned(
        as_instant("case when {by_then:row.unlinked_at}{known:row.unlinked_at} then {row}.unlinked_at end"),
        "When it ceased to be the customer's; null while it is.",
    )


@strawberry.type(description="What one source system holds of the customer, kept as received.")
class SourceRecord:
    source: str = planned(as_text("{row}.source"), "The system.")
    key: str = planned(
        as_text("{row}.source_key"), "The record's key in it.", scope=Scope.PII, personal=PersonalData.SOURCE_RECORDS
    )
    traits: Json = planned(
        as_json("{row}.traits"), "What it states.", scope=Scope.PII, personal=PersonalData.SOURCE_RECORDS
    )
    observed_at: DateTime = planned(as_instant("{row}.observed_at"), "When it was true.")
    received_at: DateTime = planned(as_instant("{row}.received_at"), "When we received it.")


@strawberry.type(description="What the customer last said to one purpose over one channel.")
class Consent:
    purpose: str = planned(as_text("{row}.purpose"), "The purpose in capitals, such as `MARKETING`.")
    channel: Channel | None = planned(as_word("{row}.channel"), "The channel; null for all channels.")
    status: ConsentStatus = planned(as_word("{row}.status"), "What was said.")
    granted: bool = planned(as_boolean("({row}.status = 'GRANTED')"), "Whether that is a yes.")
    proof: str | None = planned(as_text("{row}.proof"), "Where the proof is kept.")
    source: str = planned(as_text("{row}.source"), "The system that recorded it.")
    effective_at: DateTime = planned(as_instant("{row}.effective_at"), "From when it holds.")
    recorded_at: DateTime = planned(as_instant("{row}.recorded_at"), "When we recorded it.")
