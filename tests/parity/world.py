"""Small worlds of facts to compute features from: plain values, an engine-independent copy of the fact relations."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from customer.features.moment import LocalMoment, local_moment

TIME_ZONE = "Europe/Paris"
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    customer_id: int
    member_id: int
    known_at: datetime = ALWAYS
    until_at: datetime = FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    member_id: int
    order_id: int
    occurred_at: datetime
    received_at: datetime
    channel: str = "WEB"
    store_id: str | None = None
    total_minor: int | None = None
    discount_minor: int | None = None
    line_count: int = 0
    invalid_at: datetime | None = None
    invalid_received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    order_id: int
    member_id: int
    product_id: str | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    member_id: int
    order_id: int | None
    kind: str
    occurred_at: datetime
    received_at: datetime
    amount_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    member_id: int
    type: str
    name: str
    channel: str
    occurred_at: datetime
    received_at: datetime


@dataclass(slots=True)
class World:
    """The facts, and the (customer, as_of) pairs worth looking at."""

    members: list[Member] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    spine: list[tuple[int, datetime]] = field(default_factory=list)
    time_zone: str = TIME_ZONE

    def moment(self, instant: datetime) -> LocalMoment:
        return local_moment(instant, self.time_zone)

    def add(self, other: "World") -> None:
        """Takes another world in; their ids must differ."""
        self.members += other.members
        self.orders += other.orders
        self.lines += other.lines
        self.adjustments += other.adjustments
        self.events += other.events
        self.spine += other.spine

    def relations(self) -> dict[str, list[tuple[object, ...]]]:
        """The rows of every fact relation, in the order of `customer.features.relations.RELATIONS`."""
        return {
            "feature_member": [(m.customer_id, m.member_id, m.known_at, m.until_at) for m in self.members],
            "feature_order": [self._order_row(order) for order in self.orders],
            "feature_order_line": [(ln.order_id, ln.member_id, ln.product_id, ln.category) for ln in self.lines],
            "feature_adjustment": [
                (a.member_id, a.order_id, a.kind, a.occurred_at, a.received_at, self.moment(a.occurred_at).local_day,
                 a.amount_minor)
                for a in self.adjustments
            ],
            "feature_event": [
                (e.member_id, e.type, e.name, e.channel, e.occurred_at, e.received_at,
                 self.moment(e.occurred_at).local_day)
                for e in self.events
            ],
        }  # fmt: skip

    def spine_rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for customer_id, as_of in self.spine:
            moment = self.moment(as_of)
            rows.append((customer_id, as_of, moment.local_day, moment.local_month, moment.year_day))
        return rows

    def _order_row(self, order: Order) -> tuple[object, ...]:
        local = self.moment(order.occurred_at)
        return (
            order.member_id, order.order_id, order.occurred_at, order.received_at, local.local_day, local.local_month,
            local.local_hour, order.channel, order.store_id, order.total_minor, order.discount_minor, order.line_count,
            order.invalid_at, order.invalid_received_at,
        )  # fmt: skip

    def shifted(self, by: timedelta) -> "World":
        """Every instant moved, those of the spine too."""
        return World(
            members=self.members,
            orders=[
                replace(
                    order,
                    occurred_at=order.occurred_at + by,
                    received_at=order.received_at + by,
                    invalid_at=order.invalid_at and order.invalid_at + by,
                    invalid_received_at=order.invalid_received_at and order.invalid_received_at + by,
                )
                for order in self.orders
            ],
            lines=self.lines,
            adjustments=[
                replace(item, occurred_at=item.occurred_at + by, received_at=item.received_at + by)
                for item in self.adjustments
            ],
            events=[
                replace(item, occurred_at=item.occurred_at + by, received_at=item.received_at + by)
                for item in self.events
            ],
            spine=[(customer_id, as_of + by) for customer_id, as_of in self.spine],
            time_zone=self.time_zone,
        )
