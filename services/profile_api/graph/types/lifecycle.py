"""Where a customer stands in a stage model, why, and what comes next by itself."""

import strawberry

from customer.vocabulary import AlertBasis, LifecycleStage
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import as_instant, as_number, as_text, as_word, planned


@strawberry.type(description="The customer's stage at the instant looked from. Exact without any scheduler.")
class Lifecycle:
    stage: LifecycleStage = planned(as_word("{stage}.to_stage"), "The stage in force.")
    since: DateTime = planned(as_instant("{stage}.effective_at"), "When the customer entered it.")
    days_in_stage: int = planned(
        as_number("greatest(0, extract(day from {as_of} - {stage}.effective_at)::int)"), "Whole days in it so far."
    )
    cycle: int = planned(as_number("{stage}.cycle"), "1 at first, one more each time a former customer comes back.")
    reason: str = planned(as_text("{stage}.reason"), "The rule that led to the stage, as a stable word.")
    policy_version: str = planned(as_text("{stage}.policy_version"), "The policy whose thresholds were applied.")
    alert_at: DateTime | None = planned(
        as_instant("{clock}.alert_at"), "When the silence becomes suspicious (LAPSING); null before the first order."
    )
    lost_at: DateTime | None = planned(
        as_instant("{clock}.lost_at"), "When the customer counts as lost (FORMER); null before the first order."
    )
    basis: AlertBasis | None = planned(
        as_word("{clock}.basis"), "Whose gaps set both dates; null before the first order."
    )
