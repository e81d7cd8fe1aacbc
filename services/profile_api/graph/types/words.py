"""The closed sets of words in the schema: the shared vocabulary, described for the API's readers."""

from enum import StrEnum

import strawberry

from customer.vocabulary import (
    AlertBasis,
    Channel,
    IdentityType,
    LifecycleStage,
    PredictionBasis,
    PredictionKind,
    RiskBand,
    TouchpointType,
)


class Locale(StrEnum):
    """The languages labels are written in."""

    EN = "EN"
    FR = "FR"


class ConsentStatus(StrEnum):
    GRANTED = "GRANTED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"


class ChannelMix(StrEnum):
    MONO = "MONO"
    MULTI = "MULTI"


_DESCRIPTIONS = {
    LifecycleStage: "A stage of a lifecycle model: the first eight of the model `relationship`.",
    AlertBasis: "Whose rhythm a customer's silence is measured against: their own gaps, their category's, the brand's.",
    Channel: "Where a touchpoint took place.",
    IdentityType: "The kind of an identifier.",
    TouchpointType: "The kind of a touchpoint; each has its own GraphQL type.",
    PredictionKind: "What is predicted.",
    PredictionBasis: "Whether a trained model spoke or, with too little data, a stated baseline.",
    RiskBand: "A probability in words.",
    Locale: "A language for labels.",
    ConsentStatus: "What a customer said to a purpose.",
    ChannelMix: "Whether a customer orders through one channel or several.",
}
for _words, _description in _DESCRIPTIONS.items():
    strawberry.enum(_words, description=_description)  # described in place: the class stays the vocabulary's own

STAGE_LABELS: dict[Locale, dict[LifecycleStage, str]] = {
    Locale.EN: {
        LifecycleStage.PROSPECT: "prospect",
        LifecycleStage.NEW: "new customer",
        LifecycleStage.DEVELOPING: "developing customer",
        LifecycleStage.LOYAL: "loyal customer",
        LifecycleStage.AMBASSADOR: "ambassador",
        LifecycleStage.LAPSING: "lapsing customer",
        LifecycleStage.FORMER: "former customer",
        LifecycleStage.WON_BACK: "won back",
        LifecycleStage.DISCOVERY: "discovery",
        LifecycleStage.CONSIDERATION: "consideration",
        LifecycleStage.CONVERSION: "conversion",
        LifecycleStage.FULFILMENT: "fulfilment",
        LifecycleStage.RETENTION: "retention",
        LifecycleStage.CUSTOM: "custom stage",
    },
    Locale.FR: {
        LifecycleStage.PROSPECT: "prospect",
        LifecycleStage.NEW: "nouveau client",
        LifecycleStage.DEVELOPING: "en cours de fidélisation",
        LifecycleStage.LOYAL: "client fidèle",
        LifecycleStage.AMBASSADOR: "ambassadeur",
        LifecycleStage.LAPSING: "abandonniste",
        LifecycleStage.FORMER: "ex-client",
        LifecycleStage.WON_BACK: "reconquis",
        LifecycleStage.DISCOVERY: "découverte",
        LifecycleStage.CONSIDERATION: "réflexion",
        LifecycleStage.CONVERSION: "conversion",
        LifecycleStage.FULFILMENT: "traitement",
        LifecycleStage.RETENTION: "fidélisation",
        LifecycleStage.CUSTOM: "étape propre à l'entreprise",
    },
}


def stage_label(stage_sql: str, locale: Locale) -> str:
    """The label of a stage as SQL."""
    whens = " ".join(
        f"when '{stage}' then '{label.replace(chr(39), chr(39) * 2)}'" for stage, label in STAGE_LABELS[locale].items()
    )
    return f"case {stage_sql} {whens} end"
