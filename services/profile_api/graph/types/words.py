"""The closed sets of words in the schema: the shared vocabulary, described for the API's readers."""

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

_DESCRIPTIONS = {
    LifecycleStage: "A stage of a lifecycle model: the first eight of the model `relationship`.",
    AlertBasis: "Whose rhythm a customer's silence is measured against: their own gaps, their category's, the brand's.",
    Channel: "Where a touchpoint took place.",
    IdentityType: "The kind of an identifier.",
    TouchpointType: "The kind of a touchpoint; each has its own GraphQL type.",
    PredictionKind: "What is predicted.",
    PredictionBasis: "Whether a trained model spoke or, with too little data, a stated baseline.",
    RiskBand: "A probability in words.",
}
for _words, _description in _DESCRIPTIONS.items():
    strawberry.enum(
        _words, description=_description
    )  # describes the class in place: it stays the shared vocabulary's own
