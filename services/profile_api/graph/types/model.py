"""The models whose answers are stored."""

import strawberry

from customer.vocabulary import PredictionBasis, PredictionKind
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import Rows, as_instant, as_text, as_word, planned
from profile_api.graph.sql import template

MODELS = Rows(sql=template("models"))


@strawberry.type(description="A model version, or a baseline, that answers for customers now.")
class Model:
    kind: PredictionKind = planned(as_word("{row}.kind"), "What it predicts.")
    name: str = planned(as_text("{row}.model ->> 'name'"), "Its name in the registry.")
    version: str = planned(as_text("{row}.model ->> 'version'"), "Its version in the registry.")
    basis: PredictionBasis = planned(as_word("{row}.model ->> 'basis'"), "A model or a baseline.")
    model_set: str | None = planned(as_text("{row}.model_set"), "The models trained together with it.")
    feature_set: str = planned(as_text("{row}.feature_set"), "Hash of the features it reads.")
    last_predicted_at: DateTime = planned(
        as_instant("{row}.as_of"), "The latest instant it predicted from, among the predictions looked at."
    )
