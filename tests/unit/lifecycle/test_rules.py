"""The relationship model at its edges, and the domain's worked examples."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from customer.lifecycle.facts import EventFact, GapReference, LifecycleFacts, OrderFact, known_at
from customer.lifecycle.policy import default_policy
from customer.lifecycle.rhythm import nearest_rank
from customer.lifecycle.rules import TransitionReason, find_position, lifecycle_stage, transitions
from customer.vocabulary import AlertBasis, LifecycleStage

POLICY = default_policy()
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
START = datetime(2024, 3, 1, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")

PROSPECT, NEW, DEVELOPING = LifecycleStage.PROSPECT, LifecycleStage.NEW, LifecycleStage.DEVELOPING
LOYAL, AMBASSADOR = LifecycleStage.LOYAL, LifecycleStage.AMBASSADOR
LAPSING, FORMER, WON_BACK = LifecycleStage.LAPSING, LifecycleStage.FORMER, LifecycleStage.WON_BACK


def order(at: datetime, number: int = 1, **changes: object) -> OrderFact:
    local = at.astimezone(PARIS).date()
    fact = OrderFact(id=number, ordered_at=at, received_at=at, local_day=(local - date(1970, 1, 1)).days)
    return replace(fact, **changes)  # type: ignore[arg-type]


def bought(days: Sequence[float], *, category: str | None = None, start: datetime = START) -> LifecycleFacts:
    orders = tuple(order(start + day * DAY, number, category=category) for number, day in enumerate(days))
    return LifecycleFacts(orders=orders, time_zone=PARIS)


def stage(facts: LifecycleFacts, at: datetime) -> LifecycleStage | None:
    return lifecycle_stage(facts, as_of=at, policy=POLICY)


def story(facts: LifecycleFacts) -> list[tuple[float, LifecycleStage, TransitionReason]]:
    return [
        ((change.effective_at - START) / DAY, change.to_stage, change.reason)
        for change in transitions(facts, policy=POLICY)
    ]


def test_nobody_is_anything_before_they_were_identified() -> None:
    facts = LifecycleFacts(identified=(START,))
    assert stage(facts, START - INSTANT) is None
    assert stage(facts, START) is PROSPECT


def test_stages_grow_with_the_number_of_valid_orders() -> None:
    facts = bought([0, 100, 200, 300])
    assert [stage(facts, START + day * DAY) for day in (0, 100, 299, 300)] == [NEW, DEVELOPING, LOYAL, LOYAL]


def test_three_orders_make_loyal_only_while_all_three_lie_within_the_window() -> None:
    facts = bought([0, 150, 300])
    assert stage(facts, START + 365 * DAY - INSTANT) is LOYAL
    assert stage(facts, START + 365 * DAY) is DEVELOPING
    assert (365, DEVELOPING, TransitionReason.LOYAL_WINDOW_ENDED) in story(facts)


def test_alert_and_loss_come_exactly_at_their_days_of_silence() -> None:
    facts = bought([0, 40, 70, 90, 100])  # gaps 40 30 20 10: P75 is 30, P95 is 40
    last = START + 100 * DAY
    position = find_position(facts, as_of=last, policy=POLICY)
    assert position is not None
    assert (position.alert_at, position.lost_at, position.basis) == (last + 30 * DAY, last + 40 * DAY, AlertBasis.OWN)
    assert stage(facts, last + 30 * DAY - INSTANT) is LOYAL
    assert stage(facts, last + 30 * DAY) is LAPSING
    assert stage(facts, last + 40 * DAY - INSTANT) is LAPSING
    assert stage(facts, last + 40 * DAY) is FORMER


def test_transitions_to_come_are_already_there() -> None:
    facts = bought([0, 40, 70, 90, 100])
    assert story(facts)[-2:] == [
        (130, LAPSING, TransitionReason.ALERT_REACHED),
        (140, FORMER, TransitionReason.LOST_REACHED),
    ]
    seen = transitions(facts, policy=POLICY, until=START + 135 * DAY)
    assert seen[-1].to_stage is LAPSING


def test_orders_of_one_calendar_day_count_as_one_gap_but_as_several_orders() -> None:
    facts = bought([0, 0.1, 10, 20, 30])
    position = find_position(facts, as_of=START + 30 * DAY, policy=POLICY)
    assert position is not None
    assert position.order_count == 5
    assert position.alert_at == START + 40 * DAY


def test_the_calendar_day_is_the_local_one() -> None:
    late = datetime(2024, 5, 1, 21, 30, tzinfo=UTC)  # 23:30 in Paris
    facts = LifecycleFacts(orders=(order(late, 1), order(late + timedelta(hours=1), 2)), time_zone=PARIS)
    assert facts.orders[1].local_day == facts.orders[0].local_day + 1


def test_an_order_wins_back_only_after_the_loss_was_in_effect() -> None:
    gaps = [0, 10, 20, 30]  # own gaps of 10: lost 10 days after the last
    on_the_instant = bought([*gaps, 40])
    assert stage(on_the_instant, START + 40 * DAY) is LOYAL
    later = bought([*gaps, 41])
    assert stage(later, START + 41 * DAY) is WON_BACK
    assert find_position(later, as_of=START + 41 * DAY, policy=POLICY).cycle == 2  # type: ignore[union-attr]


def test_being_won_back_lasts_ninety_days_then_the_rules_apply_again() -> None:
    facts = bought([0, 10, 20, 30, 100, 140, 185])
    assert stage(facts, START + 100 * DAY) is WON_BACK
    assert stage(facts, START + 190 * DAY - INSTANT) is WON_BACK
    assert stage(facts, START + 190 * DAY) is LOYAL
    assert find_position(facts, as_of=START + 185 * DAY, policy=POLICY).cycle == 2  # type: ignore[union-attr]
    assert (190, LOYAL, TransitionReason.WON_BACK_ENDED) in story(facts)


def test_a_refunded_order_counts_until_the_refund_and_never_after() -> None:
    refunded_at = START + 20 * DAY
    facts = LifecycleFacts(orders=(order(START), order(START + 10 * DAY, 2, invalid_at=refunded_at)))
    assert stage(facts, refunded_at - INSTANT) is DEVELOPING
    assert stage(facts, refunded_at) is NEW
    assert (20, NEW, TransitionReason.ORDER_INVALIDATED) in story(facts)


def test_a_refund_of_the_winning_order_takes_the_cycle_back() -> None:
    facts = bought([0, 10, 20, 30, 100])
    last = replace(facts.orders[-1], invalid_at=START + 105 * DAY)
    facts = replace(facts, orders=(*facts.orders[:-1], last))
    assert stage(facts, START + 104 * DAY) is WON_BACK
    assert stage(facts, START + 105 * DAY) is FORMER
    assert find_position(facts, as_of=START + 105 * DAY, policy=POLICY).cycle == 1  # type: ignore[union-attr]


def test_an_order_that_never_was_valid_still_makes_its_customer_known() -> None:
    facts = LifecycleFacts(orders=(order(START, invalid_at=START),))
    assert stage(facts, START - INSTANT) is None
    assert stage(facts, START) is PROSPECT


def test_a_closed_account_is_former_until_the_next_order() -> None:
    closed = EventFact(name="Account Closed", occurred_at=START + 5 * DAY, received_at=START + 5 * DAY)
    facts = replace(bought([0, 8]), events=(closed,))
    assert [stage(facts, START + day * DAY) for day in (4, 5, 8)] == [NEW, FORMER, WON_BACK]
    assert (5, FORMER, TransitionReason.ACCOUNT_CLOSED) in story(facts)


@pytest.mark.parametrize(
    ("name", "properties", "speaks"),
    [
        ("Referral Converted", {}, True),
        ("Survey Answered", {"kind": "NPS", "score": 9}, True),
        ("Survey Answered", {"kind": "NPS", "score": 8.9}, False),
        ("Survey Answered", {"kind": "CSAT", "score": 9}, False),
        ("Product Reviewed", {"rating": "5"}, False),  # one review is not enough
    ],
)
def test_who_speaks_for_the_brand_is_an_ambassador(name: str, properties: dict[str, object], speaks: bool) -> None:
    told = EventFact(name=name, occurred_at=START + 301 * DAY, received_at=START, properties=properties)
    facts = replace(bought([0, 100, 200, 300]), events=(told,))
    assert stage(facts, START + 302 * DAY) is (AMBASSADOR if speaks else LOYAL)


def test_an_ambassador_stays_one_for_the_window_of_the_signals_that_count() -> None:
    reviews = tuple(
        EventFact(name="Product Reviewed", occurred_at=at, received_at=at, properties={"rating": "4"})
        for at in (START + 10 * DAY, START + 40 * DAY)
    )
    facts = replace(bought([day * 60 for day in range(9)]), events=reviews)
    assert stage(facts, START + 185 * DAY) is AMBASSADOR
    assert stage(facts, START + 375 * DAY - INSTANT) is AMBASSADOR
    assert stage(facts, START + 375 * DAY) is LOYAL
    assert (375, LOYAL, TransitionReason.ADVOCACY_EXPIRED) in story(facts)


def test_without_enough_gaps_the_category_counts_then_the_brand_then_the_fallback() -> None:
    month = order(START).local_month
    category, brand = (
        GapReference(alert_days=20, lost_days=50, gap_count=30),
        GapReference(alert_days=40, lost_days=90, gap_count=30),
    )
    cases = [
        ({(month, "Garden"): category, (month, ""): brand}, 20, AlertBasis.CATEGORY),
        ({(month, "Garden"): replace(category, gap_count=29), (month, ""): brand}, 40, AlertBasis.BRAND),
        ({(month, ""): replace(brand, gap_count=29)}, POLICY.fallback_alert_days, AlertBasis.BRAND),
    ]
    for references, days, basis in cases:
        facts = replace(bought([0], category="Garden"), references=references)
        position = find_position(facts, as_of=START, policy=POLICY)
        assert position is not None
        assert (position.alert_at, position.basis) == (START + days * DAY, basis)


def test_the_main_category_is_the_one_bought_most_often_and_of_equals_the_last() -> None:
    month = order(START).local_month
    references = {
        (month, "A"): GapReference(alert_days=11, lost_days=50, gap_count=30),
        (month, "B"): GapReference(alert_days=22, lost_days=50, gap_count=30),
    }
    orders = tuple(order(START + n * DAY, n, category=category) for n, category in enumerate(["A", "B", None, "A"]))
    alerts = []
    for count in (1, 2, 3):
        facts = LifecycleFacts(orders=orders[:count], references=references)
        position = find_position(facts, as_of=START + 9 * DAY, policy=replace(POLICY, minimum_own_gaps=9))
        assert position is not None
        assert position.alert_at is not None
        alerts.append((position.alert_at - orders[count - 1].ordered_at) / DAY)
    assert alerts == [11, 22, 22]


def test_nearest_rank_takes_one_of_the_values() -> None:
    assert [nearest_rank([10, 20, 30, 40], percent) for percent in (1, 25, 26, 75, 76, 100)] == [10, 10, 20, 30, 40, 40]
    assert nearest_rank(list(range(1, 21)), 95) == 19


def test_what_was_known_then_leaves_out_what_came_later() -> None:
    late = order(START + DAY, 2, received_at=START + 9 * DAY)
    cancelled = order(START, 1, invalid_at=START + 2 * DAY, invalid_received_at=START + 5 * DAY)
    facts = LifecycleFacts(orders=(cancelled, late))
    assert stage(known_at(facts, START + 3 * DAY), START + 3 * DAY) is NEW
    assert stage(known_at(facts, START + 6 * DAY), START + 3 * DAY) is PROSPECT
    assert stage(known_at(facts, START + 10 * DAY), START + 3 * DAY) is NEW


def test_the_festive_frozen_food_buyer_is_measured_by_occasions_not_by_days() -> None:
    days = ["2022-12-20", "2023-04-06", "2023-12-19", "2024-03-28"]  # year-end and Easter, two years
    orders = tuple(order(datetime.fromisoformat(f"{day}T10:00+01:00"), n) for n, day in enumerate(days))
    facts = LifecycleFacts(orders=orders, time_zone=PARIS)
    position = find_position(facts, as_of=datetime(2024, 6, 15, tzinfo=UTC), policy=POLICY)
    assert position is not None
    assert position.basis is AlertBasis.OCCASIONS
    assert stage(facts, datetime(2024, 6, 15, tzinfo=UTC)) is LOYAL
    assert stage(facts, datetime(2024, 12, 24, tzinfo=UTC)) is LOYAL
    missed = datetime(2025, 1, 7, tzinfo=PARIS)  # the day after Epiphany, local midnight
    assert stage(facts, missed - INSTANT) is LOYAL
    assert stage(facts, missed) is LAPSING
    assert stage(facts, datetime(2025, 4, 22, tzinfo=PARIS) - INSTANT) is LAPSING
    assert stage(facts, datetime(2025, 4, 22, tzinfo=PARIS)) is FORMER  # Easter 2025 was missed, too


def test_neither_beauty_customer_lapses_on_the_rhythm_of_the_other() -> None:
    fortnightly = bought([14 * n + (n % 3) for n in range(14)])
    quarterly = bought([91 * n + (n % 3) for n in range(5)])
    for facts in (fortnightly, quarterly):
        last = facts.orders[-1].ordered_at
        assert stage(facts, last + 12 * DAY) is LOYAL
    assert stage(fortnightly, fortnightly.orders[-1].ordered_at + 30 * DAY) is FORMER
    assert stage(quarterly, quarterly.orders[-1].ordered_at + 30 * DAY) is LOYAL


def test_the_garden_customer_is_first_measured_by_the_category_they_buy_most() -> None:
    month = order(START + 20 * DAY).local_month
    references = {
        (month, "Mowers"): GapReference(alert_days=900, lost_days=1500, gap_count=40),
        (month, "Fertiliser"): GapReference(alert_days=45, lost_days=120, gap_count=400),
    }
    durable = order(START, 1, category="Mowers")
    consumables = tuple(order(START + n * 10 * DAY, n + 1, category="Fertiliser") for n in (1, 2))
    facts = LifecycleFacts(orders=(durable, *consumables), references=references)
    position = find_position(facts, as_of=START + 20 * DAY, policy=POLICY)
    assert position is not None
    assert (position.alert_at, position.basis) == (START + 65 * DAY, AlertBasis.CATEGORY)
