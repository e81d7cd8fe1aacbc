"""The lifecycle policy in force: the one the tenant activated last, or the one that ships with the product."""

from importlib.resources import files

import strawberry

from customer.lifecycle.policy import default_policy
from customer.vocabulary import LifecycleStage
from profile_api.graph.rendering import quoted
from profile_api.graph.sources import Embedded, Join, Rows, Value, as_number, as_text, as_word, planned
from profile_api.graph.types.words import Locale, stage_label

_SHIPPED = files("customer.lifecycle").joinpath("policy_default.json").read_text(encoding="utf-8")
POLICY_IN_FORCE = Join(  # beside any row: the document of the policy in force, or in force at the instant of `knownAt`
    now=f"""
      cross join lateral (
        select coalesce(
          (
            select activated.document from {{table:lifecycle_policy}} activated
            where activated.activated_at <= {{known_at}} order by activated.activated_at desc limit 1
          ),
          {quoted(_SHIPPED)}::jsonb
        ) as document
      ) {{self}}"""
)
POLICY = Rows(
    sql=f"""
      select coalesce(own.version, {quoted(default_policy().version)}) as version,
        coalesce(own.document, {quoted(_SHIPPED)}::jsonb) as document
      from (select 1) shipped
      left join lateral (
        select activated.version, activated.document from {{table:lifecycle_policy}} activated
        where activated.activated_at <= {{now}} order by activated.activated_at desc limit 1
      ) own on true"""
)


def _number(name: str) -> Value:
    return as_number(f"{{row}}.document ->> '{name}'")


@strawberry.type(description="A word in the languages we know.")
class Labels:
    en: str = planned(as_text("{label_en}"), "In English.")
    fr: str = planned(as_text("{label_fr}"), "In French.")


@strawberry.type(description="A stage, and the rule that leads to it.")
class StagePolicy:
    stage: LifecycleStage = planned(as_word("{row}.stage"), "The stage.")
    labels: Labels = planned(
        Embedded(
            binds={
                "label_en": stage_label("{row}.stage", Locale.EN),
                "label_fr": stage_label("{row}.stage", Locale.FR),
            }
        ),
        "What it is called.",
    )
    rule: str = planned(as_text("{row}.rule"), "When a customer is in it.")


STAGES = Rows(
    sql="""
      select stage, rule
      from (values
        ('PROSPECT', 'identified, without a valid order'),
        ('NEW', 'exactly 1 valid order, silence below the alert'),
        ('DEVELOPING', format('2 to %s valid orders, silence below the alert',
          ({row}.document ->> 'loyal_orders')::integer - 1)),
        ('LOYAL', format('%s valid orders or more, or %s within %s days, silence below the alert',
          {row}.document ->> 'loyal_orders', {row}.document ->> 'loyal_orders_in_window',
          {row}.document ->> 'observation_window_days')),
        ('AMBASSADOR', format('loyal, and spoke for the brand within %s days',
          {row}.document ->> 'observation_window_days')),
        ('LAPSING', 'silence between the alert and the lost date'),
        ('FORMER', 'silence beyond the lost date, or the account was closed'),
        ('WON_BACK', format('ordered again after having been lost, for %s days', {row}.document ->> 'won_back_days'))
      ) as policy (stage, rule)"""
)
OCCASIONS = Rows(
    sql="""
      select occasion.value as occasion
      from jsonb_array_elements({row}.document -> 'occasions') with ordinality as occasion (value, place)
      order by occasion.place"""
)


@strawberry.type(description="An occasion of the year that festive customers buy for.")
class OccasionPolicy:
    key: str = planned(as_text("{row}.occasion ->> 'key'"), "Its stable name.")
    labels: Labels = planned(
        Embedded(
            binds={
                "label_en": "{row}.occasion -> 'label' ->> 'EN'",
                "label_fr": "{row}.occasion -> 'label' ->> 'FR'",
            }
        ),
        "What it is called.",
    )


@strawberry.type(description="Every threshold of the relationship model; days are whole days.")
class LifecyclePolicy:
    version: str = planned(as_text("{row}.version"), "Declared version and hash of the content: transitions name it.")
    observation_window_days: int = planned(
        _number("observation_window_days"), "The window `W` in which frequency and advocacy count."
    )
    alert_percentile: int = planned(
        _number("alert_percentile"), "Percentile of the gaps between orders at which silence alerts."
    )
    lost_percentile: int = planned(_number("lost_percentile"), "Percentile at which a customer counts as lost.")
    minimum_own_gaps: int = planned(
        _number("minimum_own_gaps"), "Own gaps needed before a customer is measured against themselves."
    )
    minimum_reference_gaps: int = planned(
        _number("minimum_reference_gaps"), "Gaps a category needs before it is used as a reference."
    )
    fallback_alert_days: int = planned(
        _number("fallback_alert_days"), "Alert where not even the brand has enough gaps."
    )
    fallback_lost_days: int = planned(_number("fallback_lost_days"), "Lost where not even the brand has enough gaps.")
    loyal_orders: int = planned(_number("loyal_orders"), "Valid orders that make a customer loyal.")
    loyal_orders_in_window: int = planned(
        _number("loyal_orders_in_window"), "Or so many within the observation window."
    )
    won_back_days: int = planned(_number("won_back_days"), "How long a customer who returned counts as won back.")
    journey_break_days: int = planned(_number("journey_break_days"), "Silent days that end a purchase journey.")
    preference_half_life_days: int = planned(
        _number("preference_half_life_days"), "Age at which an order counts half for preferences."
    )
    stages: list[StagePolicy] = planned(STAGES, "The stages in their order.")
    occasions: list[OccasionPolicy] = planned(OCCASIONS, "The occasions of the year.")
