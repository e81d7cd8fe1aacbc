"""Where a customer stands in a stage model, why, what came before, and what comes next by itself."""

from typing import Annotated

import strawberry

from customer.vocabulary import AlertBasis, LifecycleStage
from profile_api.graph.scalars import DateTime, Json
from profile_api.graph.sources import (
    Choice,
    Given,
    Ordering,
    Page,
    SortKey,
    Source,
    as_instant,
    as_json,
    as_number,
    as_text,
    as_word,
    planned,
    planned_call,
    unresolved,
)
from profile_api.graph.sql import template
from profile_api.graph.types.connection import (
    CURSOR,
    EDGES,
    PAGE_INFO,
    TOTAL,
    After,
    Before,
    First,
    Last,
    PageInfo,
)
from profile_api.graph.types.words import Locale, stage_label


@strawberry.type(description="A change of stage; future ones happen by themselves unless a new fact comes first.")
class StageTransition:
    from_stage: LifecycleStage | None = planned(as_word("{row}.from_stage"), "The stage left; null at the beginning.")
    to_stage: LifecycleStage = planned(as_word("{row}.to_stage"), "The stage entered.")
    effective_at: DateTime = planned(as_instant("{row}.effective_at"), "When it took or takes effect.")
    until_at: DateTime | None = planned(
        as_instant("nullif({row}.until_at, 'infinity')"), "When the next one takes effect; null for the last."
    )
    reason: str = planned(as_text("{row}.reason"), "The fact or limit that caused it, a stable word.")
    facts: Json = planned(as_json("{row}.facts"), "The figures it rests on.")
    policy_version: str = planned(as_text("{row}.policy_version"), "The policy applied.")
    cycle: int = planned(as_number("{row}.cycle"), "1 at first, one more after each win-back.")
    recorded_at: DateTime = planned(as_instant("{row}.recorded_at"), "When we computed it.")


@strawberry.type(description="One transition of a page.")
class StageTransitionEdge:
    node: StageTransition = planned(None, "The transition.")
    cursor: str = planned(None, CURSOR)


@strawberry.type(description="A page of transitions.")
class StageTransitionConnection:
    edges: list[StageTransitionEdge] = planned(None, EDGES)
    page_info: PageInfo = planned(None, PAGE_INFO)
    total_count: int = planned(None, TOTAL)


HISTORY = Page(
    tag="t",
    ordering=Ordering(rows=template("lifecycle_history"), keys=(SortKey("{item}.effective_at", "timestamptz"),)),
)


def _label(given: Given) -> Source:
    return as_text(stage_label("{stage}.to_stage", Locale(str(given.word("locale")))))


@strawberry.type(description="The customer's stage at the instant looked from. Exact without any scheduler.")
class Lifecycle:
    stage: LifecycleStage = planned(as_word("{stage}.to_stage"), "The stage in force.")
    since: DateTime = planned(as_instant("{stage}.effective_at"), "When the customer entered it.")
    days_in_stage: int = planned(
        as_number("greatest(0, extract(day from {as_of} - {stage}.effective_at)::int)"), "Whole days in it so far."
    )
    cycle: int = planned(as_number("{stage}.cycle"), "1 at first, one more each time a former customer comes back.")
    reason: str = planned(as_text("{stage}.reason"), "The fact or limit that led to the stage, a stable word.")
    policy_version: str = planned(as_text("{stage}.policy_version"), "The policy whose thresholds were applied.")
    alert_at: DateTime | None = planned(
        as_instant("{clock}.alert_at"), "When the silence becomes suspicious (LAPSING); null before the first order."
    )
    lost_at: DateTime | None = planned(
        as_instant("{clock}.lost_at"), "When the customer counts as lost (FORMER); null before the first order."
    )
    basis: AlertBasis | None = planned(
        as_word("{clock}.basis"),
        "Whose gaps set both dates; null before the first order. Looking back, those of others are as known now.",
    )

    @planned_call(Choice(choose=_label), "The stage in words.")
    def label(
        self, locale: Annotated[Locale | None, strawberry.argument(description="In which language.")] = Locale.EN
    ) -> str:
        return unresolved()

    @planned_call(HISTORY, "Every change of stage, the latest first.")
    def history(
        self,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        include_future: Annotated[
            bool | None,
            strawberry.argument(description="With the changes that will come by themselves unless a fact comes first."),
        ] = False,
    ) -> StageTransitionConnection:
        return unresolved()
