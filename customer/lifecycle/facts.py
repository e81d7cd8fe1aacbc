"""The facts a lifecycle is computed from, and what of them was known at an earlier moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

_EPOCH = date(1970, 1, 1)
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """An order as placed; valid from `ordered_at` to `invalid_at` (cancelled, fully refunded), which may coincide."""

    id: int
    ordered_at: datetime
    received_at: datetime
    local_day: int
    """Days since 1970-01-01 in the tenant's time zone."""
    category: str | None = None
    invalid_at: datetime | None = None
    invalid_received_at: datetime | None = None

    @property
    def local_date(self) -> date:
        return _EPOCH + timedelta(days=self.local_day)

    @property
    def local_month(self) -> int:
        """Months since 1970-01."""
        return (self.local_date.year - 1970) * 12 + self.local_date.month - 1

    def is_valid_at(self, instant: datetime) -> bool:
        return self.ordered_at <= instant and (self.invalid_at is None or instant < self.invalid_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFact:
    """An event that may close an account or speak for the brand."""

    name: str
    occurred_at: datetime
    received_at: datetime
    properties: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class GapReference:
    """Nearest-rank percentiles of the gaps of a category or of the brand, and how many gaps there were."""

    alert_days: int
    lost_days: int
    gap_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleFacts:
    """Everything the relationship model looks at for one person."""

    orders: tuple[OrderFact, ...] = ()
    events: tuple[EventFact, ...] = ()
    identified: tuple[datetime, ...] = ()
    """When each identifying identifier was linked."""
    references: Mapping[tuple[int, str], GapReference] = field(default_factory=lambda: MappingProxyType({}))
    """By local month of the last order and category; '' is the whole brand."""
    time_zone: ZoneInfo = UTC_ZONE


def known_at(facts: LifecycleFacts, instant: datetime) -> LifecycleFacts:
    """The facts received before `instant`: what could be known then about any moment, earlier or later."""
    return replace(
        facts,
        orders=tuple(_order_known_at(order, instant) for order in facts.orders if order.received_at < instant),
        events=tuple(event for event in facts.events if event.received_at < instant),
        identified=tuple(linked_at for linked_at in facts.identified if linked_at < instant),
    )


def happened_before(facts: LifecycleFacts, instant: datetime) -> LifecycleFacts:
    """The facts of before `instant`: what later ones did to earlier orders is taken back."""
    return replace(
        facts,
        orders=tuple(_order_before(order, instant) for order in facts.orders if order.ordered_at < instant),
        events=tuple(event for event in facts.events if event.occurred_at < instant),
        identified=tuple(linked_at for linked_at in facts.identified if linked_at < instant),
    )


def _order_before(order: OrderFact, instant: datetime) -> OrderFact:
    if order.invalid_at is None or order.invalid_at < instant:
        return order
    return replace(order, invalid_at=None, invalid_received_at=None)


def _order_known_at(order: OrderFact, instant: datetime) -> OrderFact:
    learnt_at = order.invalid_received_at or order.received_at
    return order if learnt_at < instant else replace(order, invalid_at=None, invalid_received_at=None)
