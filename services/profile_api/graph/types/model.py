"""The models whose answers are stored: what they promised, who put them in charge, how they have done since."""

from typing import ClassVar

import strawberry

from customer.vocabulary import PredictionBasis, PredictionKind
from profile_api.graph.scalars import DateTime, Json
from profile_api.graph.sources import (
    Embedded,
    Join,
    Rows,
    as_boolean,
    as_float,
    as_instant,
    as_json,
    as_number,
    as_text,
    as_word,
    planned,
)
from profile_api.graph.sql import template

MODELS = Rows(sql=template("models"))
_REGISTERED = Join(now="left join {table:model_set} {self} on {self}.model_set = {row}.model_set")
_PROMOTIONS = Rows(
    sql="""
      select decided.* from {table:model_promotion} decided
      where decided.model_set = {row}.model_set
      order by decided.promoted_at desc, decided.id desc limit 50"""
)
PROMOTION_LOG = Rows(
    sql="""
      select decided.* from {table:model_promotion} decided
      order by decided.promoted_at desc, decided.id desc limit {arg:first:count}"""
)
_OBSERVATIONS = Rows(
    sql="""
      select observed.* from {table:model_observation} observed
      where observed.model_set = {row}.model_set
      order by observed.observed_at desc, observed.id desc limit 50"""
)
_IN_CHARGE = """coalesce({row}.model_set = (
  select decided.model_set from {table:model_promotion} decided
  where decided.alias = 'champion' and decided.action <> 'REFUSAL'
  order by decided.promoted_at desc, decided.id desc limit 1), false)"""


def _measures(measures: str, which: str = "true") -> Rows:
    return Rows(
        sql=f"""
          select measure.key as name, measure.value as found from jsonb_each({measures}) as measure (key, value)
          where {which} order by measure.key"""
    )


_OF_KIND = "measure.key like case {row}.kind when 'NEXT_PURCHASE' then 'next' else lower({row}.kind) end || '\\_%'"


@strawberry.type(description="One measure with its 95 % interval; what each name means is in the models' reference.")
class ModelMeasure:
    name: str = planned(as_text("{row}.name"), "Which one, `churn_auc`.")
    value: float | None = planned(
        as_float("({row}.found ->> 'value')::double precision"), "What was found; null where it could not be told."
    )
    low: float | None = planned(
        as_float("({row}.found ->> 'low')::double precision"), "Lower end of the interval; null where unknown."
    )
    high: float | None = planned(
        as_float("({row}.found ->> 'high')::double precision"), "Upper end of the interval; null where unknown."
    )
    baseline: float | None = planned(
        as_float("({row}.found ->> 'baseline')::double precision"),
        "What the baseline reached on the same customers; null where it has no such measure.",
    )


@strawberry.type(description="How a model came to be.")
class ModelTraining:
    registered_at: DateTime = planned(as_instant("{registered}.registered_at"), "When it came into the registry.")
    trained_until: DateTime = planned(
        as_instant("{registered}.as_of"), "It learnt from facts before this instant, received before it."
    )
    horizon_days: int = planned(as_number("{registered}.horizon_days"), "Days ahead it was trained to look.")
    data_hash: str = planned(as_text("{registered}.data_hash"), "Of the facts it learnt from.")
    code_version: str = planned(as_text("{registered}.code_version"), "Of the program that trained it.")
    seed: str = planned(as_text("{registered}.seed::text"), "Of everything drawn by chance.")
    run_id: str = planned(as_text("{registered}.run_id"), "Its run in MLflow, with plots and parameters.")
    card: str = planned(as_text("{registered}.card"), "The model card, in Markdown.")


@strawberry.type(description="One condition that was checked before a promotion.")
class PromotionCheck:
    check: str = planned(as_text("{row}.reason ->> 'check'"), "What was checked.")
    passed: bool = planned(as_boolean("({row}.reason ->> 'passed')::boolean"), "Whether it held.")
    reason: str = planned(as_text("{row}.reason ->> 'reason'"), "What was found, in a sentence.")


@strawberry.type(description="A decision about who is in charge. Decisions are only ever added, refusals included.")
class ModelPromotion:
    decided_at: DateTime = planned(as_instant("{row}.promoted_at"), "When.")
    action: str = planned(as_text("{row}.action"), "PROMOTION, ROLLBACK or REFUSAL.")
    alias: str = planned(as_text("{row}.alias"), "The registry's alias it is about, `champion`.")
    model_set: str = planned(as_text("{row}.model_set"), "The models it is about.")
    replaced_model_set: str | None = planned(
        as_text("{row}.replaced_model_set"), "The models that were in charge before; null when none were."
    )
    forced: bool = planned(as_boolean("{row}.is_forced"), "Whether somebody overrode the checks.")
    decided_by: str = planned(as_text("{row}.decided_by"), "Who decided.")
    versions: Json = planned(as_json("{row}.versions"), "The versions in the registry, by model.")
    checks: list[PromotionCheck] = planned(
        Rows(
            sql="""
              select reason.value as reason from jsonb_array_elements({row}.reasons) with ordinality
                as reason (value, place) order by reason.place"""
        ),
        "On what grounds.",
    )


@strawberry.type(description="What monitoring found of a model set on a day, by predictions whose time has come.")
class ModelObservation:
    observed_at: DateTime = planned(as_instant("{row}.observed_at"), "When.")
    status: str = planned(as_text("{row}.status"), "HEALTHY, NOT_YET (too early to tell), DRIFTED or DECAYED.")
    judged_customers: int = planned(as_number("{row}.judged_customers"), "Customers whose predictions had matured.")
    measures: list[ModelMeasure] = planned(_measures("{row}.measures"), "Of the predictions given, by what came.")
    findings: Json = planned(
        as_json("{row}.findings"), "What is worth saying, each with `subject`, `is_alert`, `sentence`."
    )


@strawberry.type(description="A model version, or a baseline, that answers for customers now.")
class Model:
    joins: ClassVar[dict[str, Join]] = {"registered": _REGISTERED}

    kind: PredictionKind = planned(as_word("{row}.kind"), "What it predicts.")
    name: str = planned(as_text("{row}.model ->> 'name'"), "Its name in the registry.")
    version: str = planned(as_text("{row}.model ->> 'version'"), "Its version in the registry.")
    basis: PredictionBasis = planned(as_word("{row}.model ->> 'basis'"), "A model or a baseline.")
    model_set: str | None = planned(as_text("{row}.model_set"), "The models trained together with it.")
    feature_set: str = planned(as_text("{row}.feature_set"), "Hash of the features it reads.")
    last_predicted_at: DateTime = planned(
        as_instant("{row}.as_of"), "The latest instant it predicted from, among the predictions looked at."
    )
    in_charge: bool = planned(
        as_boolean(_IN_CHARGE), "Whether the promotion log says that its set is the champion; false for local bundles."
    )
    training: ModelTraining | None = planned(
        Embedded(present="{registered}.model_set is not null"),
        "How it came to be; null when it was not registered from this database.",
    )
    measures: list[ModelMeasure] = planned(
        _measures("coalesce({registered}.measures, '{}'::jsonb)", _OF_KIND),
        "What it promised: measured out of time before it was registered.",
    )
    promotions: list[ModelPromotion] = planned(
        _PROMOTIONS, "The decisions about its set, the newest first, at most 50."
    )
    observations: list[ModelObservation] = planned(
        _OBSERVATIONS, "How it has done since, the newest first, at most 50; empty until it was monitored."
    )
