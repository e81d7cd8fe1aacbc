"""The relationship model: which stage a customer is in at any instant, and every transition, past and to come.

A fact counts from its own instant on, and a limit is reached at its own instant: the stage at `t` is that of the last
transition with `effective_at <= t`. An order that becomes invalid counts until that instant and never after.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from customer.lifecycle.facts import EventFact, LifecycleFacts, OrderFact
from customer.lifecycle.policy import AdvocacyRule, LifecyclePolicy, Signal
from customer.lifecycle.rhythm import Rhythm
from customer.vocabulary import AlertBasis, LifecycleStage

FOREVER = datetime.max.replace(tzinfo=UTC)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class TransitionReason(StrEnum):
    """What made a customer change stage: a fact, or a limit that passed in silence."""

    IDENTIFIED = "IDENTIFIED"
    ORDER = "ORDER"
    ORDER_INVALIDATED = "ORDER_INVALIDATED"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    LOST_REACHED = "LOST_REACHED"
    ALERT_REACHED = "ALERT_REACHED"
    WON_BACK_ENDED = "WON_BACK_ENDED"
    LOYAL_WINDOW_ENDED = "LOYAL_WINDOW_ENDED"
    ADVOCACY = "ADVOCACY"
    ADVOCACY_EXPIRED = "ADVOCACY_EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPosition:
    """Where the customer stands from `effective_at` until the next fact; only the passing of time is still open."""

    effective_at: datetime
    cause: TransitionReason
    order_count: int
    cycle: int
    last_order_at: datetime | None = None
    alert_at: datetime | None = None
    lost_at: datetime | None = None
    basis: AlertBasis | None = None
    loyal_until: datetime | None = None
    """None: too few orders; `FOREVER`: loyal by number of orders, whatever their dates."""
    won_back_until: datetime | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of stage; the first one has no `from_stage`."""

    effective_at: datetime
    from_stage: LifecycleStage | None
    to_stage: LifecycleStage
    reason: TransitionReason
    position: ClockPosition


def lifecycle_stage(facts: LifecycleFacts, *, as_of: datetime, policy: LifecyclePolicy) -> LifecycleStage | None:
    """The stage at `as_of`; None before the customer was identified or ordered for the first time."""
    position = find_position(facts, as_of=as_of, policy=policy)
    return stage_at(position, as_of, facts.events, policy) if position else None


def find_position(facts: LifecycleFacts, *, as_of: datetime, policy: LifecyclePolicy) -> ClockPosition | None:
    """The clock at `as_of`, from the orders valid then; its `effective_at` is that of the last of those facts."""
    known_since = _known_since(facts)
    if known_since is None or as_of < known_since:
        return None
    valid = [order for order in facts.orders if order.is_valid_at(as_of)]
    return [p for p in _walk(valid, known_since, facts, policy) if p.effective_at <= as_of][-1]


def stage_at(
    position: ClockPosition, at: datetime, events: Sequence[EventFact], policy: LifecyclePolicy
) -> LifecycleStage:
    """The stage of a customer who stands at `position` when the clock shows `at`."""
    if position.alert_at is None or position.lost_at is None:
        return LifecycleStage.FORMER if position.closed else LifecycleStage.PROSPECT
    if position.won_back_until is not None and at < position.won_back_until:
        return LifecycleStage.WON_BACK
    if at >= position.lost_at:
        return LifecycleStage.FORMER
    if at >= position.alert_at:
        return LifecycleStage.LAPSING
    if position.loyal_until is not None and at < position.loyal_until:
        return LifecycleStage.AMBASSADOR if is_ambassador(events, at, policy) else LifecycleStage.LOYAL
    return LifecycleStage.NEW if position.order_count == 1 else LifecycleStage.DEVELOPING


def is_ambassador(events: Sequence[EventFact], at: datetime, policy: LifecyclePolicy) -> bool:
    """Whether some advocacy rule is met by the events of the window that ends with `at`."""
    since = at - timedelta(days=policy.observation_window_days)
    recent = [event for event in events if since < event.occurred_at <= at]
    return any(sum(_speaks_for_the_brand(event, rule) for event in recent) >= rule.count for rule in policy.advocacy)


def transitions(
    facts: LifecycleFacts, *, policy: LifecyclePolicy, until: datetime | None = None
) -> tuple[Transition, ...]:
    """Every change of stage in order, those to come in silence included; only those before `until` if it is given."""
    found: list[Transition] = []
    positions = clock(facts, policy=policy)
    ends = (*(position.effective_at for position in positions[1:]), None)
    for position, end in zip(positions, ends, strict=False):
        for at in _instants(position, end, facts.events, policy):
            stage = stage_at(position, at, facts.events, policy)
            before = found[-1].to_stage if found else None
            if stage != before and (until is None or at < until):
                reason = _reason(position, at, stage)
                found.append(
                    Transition(effective_at=at, from_stage=before, to_stage=stage, reason=reason, position=position)
                )
    return tuple(found)


def clock(facts: LifecycleFacts, *, policy: LifecyclePolicy) -> tuple[ClockPosition, ...]:
    """Every position the customer ever stood at, oldest first, one per instant at which a fact arrived."""
    known_since = _known_since(facts)
    if known_since is None:
        return ()
    by_instant: dict[datetime, ClockPosition] = {}
    invalidations = sorted({o.invalid_at for o in facts.orders if o.invalid_at and o.invalid_at > o.ordered_at})
    for start, end in zip([None, *invalidations], [*invalidations, None], strict=True):
        # Between two invalidations the set of orders only grows: one walk gives all its positions.
        lasting = [o for o in facts.orders if _lasts_through(o, start, end)]
        for position in _walk(lasting, known_since, facts, policy):
            if end is not None and position.effective_at >= end:
                continue
            if start is not None and position.effective_at < start:
                position = _carried_over(position, start)
            by_instant[position.effective_at] = position
    return tuple(by_instant[instant] for instant in sorted(by_instant))


def _walk(
    valid: Sequence[OrderFact], known_since: datetime, facts: LifecycleFacts, policy: LifecyclePolicy
) -> Iterator[ClockPosition]:
    """One position per order and closure, as if these orders had always been and would stay valid."""
    position = ClockPosition(effective_at=known_since, cause=TransitionReason.IDENTIFIED, order_count=0, cycle=1)
    yield position
    rhythm = Rhythm(policy, facts)
    closures = [e.occurred_at for e in facts.events if e.name in policy.closure_events]
    happenings: list[tuple[datetime, int, int, OrderFact | None]] = [
        *((order.ordered_at, 0, order.id, order) for order in valid),
        *((closed_at, 1, 0, None) for closed_at in closures),
    ]
    for at, _, _, order in sorted(happenings, key=lambda happening: happening[:3]):
        if order is not None:
            rhythm.add(order)
            position = _after_order(position, rhythm, policy)
            yield position
        elif position.order_count:
            position = _after_closure(position, at)
            yield position


def _after_order(before: ClockPosition, rhythm: Rhythm, policy: LifecyclePolicy) -> ClockPosition:
    at, count = rhythm.orders[-1].ordered_at, len(rhythm.orders)
    limits = rhythm.limits()
    wins_back = _was_former(before, at)
    return ClockPosition(
        effective_at=at,
        cause=TransitionReason.ORDER,
        order_count=count,
        cycle=before.cycle + wins_back,
        last_order_at=at,
        alert_at=limits.alert_at,
        lost_at=limits.lost_at,
        basis=limits.basis,
        loyal_until=_loyal_until(rhythm.orders, policy),
        won_back_until=at + timedelta(days=policy.won_back_days) if wins_back else before.won_back_until,
    )


def _after_closure(before: ClockPosition, at: datetime) -> ClockPosition:
    return ClockPosition(
        effective_at=at,
        cause=TransitionReason.ACCOUNT_CLOSED,
        order_count=before.order_count,
        cycle=before.cycle,
        last_order_at=before.last_order_at,
        won_back_until=before.won_back_until,
        closed=True,
    )


def _was_former(position: ClockPosition, at: datetime) -> bool:
    # Strictly before `at`: an order that comes at the very instant of the loss prevents it.
    if position.closed:
        return True
    if position.won_back_until is not None and at <= position.won_back_until:
        return False
    return position.lost_at is not None and at > position.lost_at


def _loyal_until(orders: Sequence[OrderFact], policy: LifecyclePolicy) -> datetime | None:
    if len(orders) >= policy.loyal_orders:
        return FOREVER
    if len(orders) < policy.loyal_orders_in_window:
        return None
    return orders[-policy.loyal_orders_in_window].ordered_at + timedelta(days=policy.observation_window_days)


def _instants(
    position: ClockPosition, end: datetime | None, events: Sequence[EventFact], policy: LifecyclePolicy
) -> list[datetime]:
    """The instants of [position, end) at which the stage might change."""
    window = timedelta(days=policy.observation_window_days)
    signals = [e.occurred_at for e in events if any(_speaks_for_the_brand(e, rule) for rule in policy.advocacy)]
    limits = (position.alert_at, position.lost_at, position.loyal_until, position.won_back_until)
    candidates = {position.effective_at, *limits, *signals, *(at + window for at in signals)} - {None, FOREVER}
    return sorted(at for at in candidates if at and position.effective_at <= at and (end is None or at < end))


def _reason(position: ClockPosition, at: datetime, stage: LifecycleStage) -> TransitionReason:
    if at == position.effective_at:
        return position.cause
    if at == position.lost_at:
        return TransitionReason.LOST_REACHED
    if at == position.alert_at:
        return TransitionReason.ALERT_REACHED
    if at == position.won_back_until:
        return TransitionReason.WON_BACK_ENDED
    if at == position.loyal_until:
        return TransitionReason.LOYAL_WINDOW_ENDED
    return TransitionReason.ADVOCACY if stage is LifecycleStage.AMBASSADOR else TransitionReason.ADVOCACY_EXPIRED


def _known_since(facts: LifecycleFacts) -> datetime | None:
    # Whoever has ordered is known, even if the order was cancelled and no identifier was ever given.
    return min([*facts.identified, *(order.ordered_at for order in facts.orders)], default=None)


def _lasts_through(order: OrderFact, start: datetime | None, end: datetime | None) -> bool:
    never_valid = order.invalid_at is not None and order.invalid_at <= order.ordered_at
    gone = start is not None and order.invalid_at is not None and order.invalid_at <= start
    return not never_valid and not gone and (end is None or order.ordered_at < end)


def _carried_over(position: ClockPosition, start: datetime) -> ClockPosition:
    return replace(position, effective_at=start, cause=TransitionReason.ORDER_INVALIDATED)


def _speaks_for_the_brand(event: EventFact, rule: AdvocacyRule) -> bool:
    return any(_is_signal(event, signal) for signal in rule.signals)


def _is_signal(event: EventFact, signal: Signal) -> bool:
    if event.name != signal.event or any(event.properties.get(key) != value for key, value in signal.where):
        return False
    if signal.property is None or signal.minimum is None:
        return True
    value = str(event.properties.get(signal.property, ""))
    return _NUMBER.fullmatch(value) is not None and Decimal(value) >= Decimal(str(signal.minimum))
