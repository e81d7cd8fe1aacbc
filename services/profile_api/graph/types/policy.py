"""The lifecycle policy in force, as its readers need it."""

from typing import Any

import strawberry

from customer.lifecycle.policy import LifecyclePolicy as Policy
from customer.lifecycle.policy import default_policy
from customer.vocabulary import LifecycleStage
from profile_api.graph.sources import Known, planned
from profile_api.graph.types.words import STAGE_LABELS, Locale


@strawberry.type(description="A word in the languages we know.")
class Labels:
    en: str = planned(None, "In English.")
    fr: str = planned(None, "In French.")


@strawberry.type(description="A stage, and the rule that leads to it.")
class StagePolicy:
    stage: LifecycleStage = planned(None, "The stage.")
    labels: Labels = planned(None, "What it is called.")
    rule: str = planned(None, "When a customer is in it.")


@strawberry.type(description="An occasion of the year that festive customers buy for.")
class OccasionPolicy:
    key: str = planned(None, "Its stable name.")
    labels: Labels = planned(None, "What it is called.")


@strawberry.type(description="Every threshold of the relationship model; days are whole days.")
class LifecyclePolicy:
    version: str = planned(None, "Declared version and hash of the content: transitions name it.")
    observation_window_days: int = planned(None, "The window `W` in which frequency and advocacy count.")
    alert_percentile: int = planned(None, "Percentile of the gaps between orders at which silence alerts.")
    lost_percentile: int = planned(None, "Percentile at which a customer counts as lost.")
    minimum_own_gaps: int = planned(None, "Own gaps needed before a customer is measured against themselves.")
    minimum_reference_gaps: int = planned(None, "Gaps a category needs before it is used as a reference.")
    fallback_alert_days: int = planned(None, "Alert where not even the brand has enough gaps.")
    fallback_lost_days: int = planned(None, "Lost where not even the brand has enough gaps.")
    loyal_orders: int = planned(None, "Valid orders that make a customer loyal.")
    loyal_orders_in_window: int = planned(None, "Or so many within the observation window.")
    won_back_days: int = planned(None, "How long a customer who returned counts as won back.")
    journey_break_days: int = planned(None, "Silent days that end a purchase journey.")
    preference_half_life_days: int = planned(None, "Age at which an order counts half for preferences.")
    stages: list[StagePolicy] = planned(None, "The stages in their order.")
    occasions: list[OccasionPolicy] = planned(None, "The occasions of the year.")


def _rules(policy: Policy) -> dict[LifecycleStage, str]:
    return {
        LifecycleStage.PROSPECT: "identified, without a valid order",
        LifecycleStage.NEW: "exactly 1 valid order, silence below the alert",
        LifecycleStage.DEVELOPING: f"2 to {policy.loyal_orders - 1} valid orders, silence below the alert",
        LifecycleStage.LOYAL: (
            f"{policy.loyal_orders} valid orders or more, or {policy.loyal_orders_in_window} within "
            f"{policy.observation_window_days} days, silence below the alert"
        ),
        LifecycleStage.AMBASSADOR: f"loyal, and spoke for the brand within {policy.observation_window_days} days",
        LifecycleStage.LAPSING: "silence between the alert and the lost date",
        LifecycleStage.FORMER: "silence beyond the lost date, or the account was closed",
        LifecycleStage.WON_BACK: f"ordered again after having been lost, for {policy.won_back_days} days",
    }


def policy_document(policy: Policy) -> dict[str, Any]:
    """The policy by the names of the schema."""
    return {
        "version": policy.version,
        "observationWindowDays": policy.observation_window_days,
        "alertPercentile": policy.alert_percentile,
        "lostPercentile": policy.lost_percentile,
        "minimumOwnGaps": policy.minimum_own_gaps,
        "minimumReferenceGaps": policy.minimum_reference_gaps,
        "fallbackAlertDays": policy.fallback_alert_days,
        "fallbackLostDays": policy.fallback_lost_days,
        "loyalOrders": policy.loyal_orders,
        "loyalOrdersInWindow": policy.loyal_orders_in_window,
        "wonBackDays": policy.won_back_days,
        "journeyBreakDays": policy.journey_break_days,
        "preferenceHalfLifeDays": policy.preference_half_life_days,
        "stages": [
            {
                "stage": stage,
                "labels": {"en": STAGE_LABELS[Locale.EN][stage], "fr": STAGE_LABELS[Locale.FR][stage]},
                "rule": rule,
            }
            for stage, rule in _rules(policy).items()
        ],
        "occasions": [
            {"key": occasion.key, "labels": {"en": occasion.label_en, "fr": occasion.label_fr}}
            for occasion in policy.occasions
        ],
    }


POLICY = Known(read=lambda: policy_document(default_policy()))
