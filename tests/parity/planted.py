"""Worlds whose facts stand exactly on the edges of the definitions, where random facts hardly ever fall."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from customer.features.moment import local_midnight
from customer.touchpoint import TYPE_OF_EVENT
from tests.parity.world import TIME_ZONE, Adjustment, Event, Line, Member, Order, World

NOON = datetime(2024, 6, 12, 12, 30, tzinfo=UTC)
EDGES = (0, 7, 14, 30, 60, 90, 180, 274, 304, 334, 364, 365, 730)
TYPES = ("BROWSE", "CART", "CAMPAIGN", "SERVICE", "FEEDBACK", "DELIVERY", "ORDER")


class Planter:
    """Adds one customer after another to a world; ids count up from `first_id`."""

    def __init__(self, first_id: int = 1) -> None:
        self.world = World()
        self._ids = count(first_id)

    def customer(self, *, as_of: datetime = NOON, members: int = 1) -> int:
        """A customer of that many members (the customer's own id first), looked at as of that instant."""
        customer_id = next(self._ids)
        self.world.members.append(Member(customer_id=customer_id, member_id=customer_id))
        for _ in range(members - 1):
            self.world.members.append(Member(customer_id=customer_id, member_id=next(self._ids)))
        self.world.spine.append((customer_id, as_of))
        return customer_id

    def order(self, member_id: int, at: datetime, total: int | None = 1000, **values: Any) -> Order:
        order = Order(
            **{"received_at": at} | values, member_id=member_id, order_id=next(self._ids), occurred_at=at,
            total_minor=total,
        )  # fmt: skip
        self.world.orders.append(order)
        return order

    def line(self, order: Order, product: str | None, category: str | None) -> None:
        self.world.lines.append(
            Line(order_id=order.order_id, member_id=order.member_id, product_id=product, category=category)
        )

    def adjustment(
        self, member_id: int, order: Order | None, at: datetime, amount: int | None, *, kind: str = "RETURN",
        received_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.world.adjustments.append(
            Adjustment(
                member_id=member_id, order_id=order.order_id if order else None, kind=kind, occurred_at=at,
                received_at=received_at or at, amount_minor=amount,
            )
        )  # fmt: skip

    def event(
        self, member_id: int, at: datetime, *, kind: str = "BROWSE", name: str = "Product Viewed",
        channel: str = "WEB", received_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.world.events.append(
            Event(
                member_id=member_id, type=kind, name=name, channel=channel, occurred_at=at,
                received_at=received_at or at,
            )
        )  # fmt: skip


def ago(days: float, *, before: datetime = NOON) -> datetime:
    return before - timedelta(days=days)


def planted_world(*, timed_membership: bool = True) -> World:
    """Every edge we know of. Without `timed_membership` all members belong to their customer at all times."""
    planter = Planter()
    for plant in PLANTS:
        plant(planter)
    if timed_membership:
        _members_that_join_and_leave(planter)
    return planter.world


def _nobody(plant: Planter) -> None:
    plant.customer()


def _facts_at_the_instant_itself(plant: Planter) -> None:
    """Occurred or received exactly at as_of: not yet a fact. A microsecond before: a fact."""
    tick = timedelta(microseconds=1)
    instants = (
        (NOON, NOON), (NOON - tick, NOON), (NOON - tick, NOON - tick), (NOON - tick, NOON + tick), (NOON, NOON - tick),
        (NOON + tick, NOON - tick),
    )  # fmt: skip
    for occurred, received in instants:
        customer = plant.customer()
        order = plant.order(customer, ago(3), 5000)
        plant.order(customer, occurred, 700, received_at=received, channel="STORE")
        plant.adjustment(customer, order, occurred, 300, received_at=received)
        plant.event(customer, occurred, received_at=received)


def _facts_on_the_edge_of_every_window(plant: Planter) -> None:
    for edge in EDGES:
        for days in {max(edge - 1, 0), edge, edge + 1}:
            customer = plant.customer()
            order = plant.order(
                customer, ago(days, before=NOON - timedelta(hours=1)), 900, discount_minor=20, line_count=2
            )
            plant.line(order, "P1", "C1")
            plant.adjustment(customer, order, ago(days, before=NOON - timedelta(minutes=30)), 100)
            for kind in TYPES:
                plant.event(customer, ago(days, before=NOON - timedelta(hours=2)), kind=kind, name=f"{kind} happened")
            for name in ("Email Opened", "Coupon Applied", "Unsubscribed"):
                plant.event(customer, ago(days, before=NOON - timedelta(hours=2)), kind="CAMPAIGN", name=name)


def _two_facts_on_either_side_of_each_window(plant: Planter) -> None:
    for edge in EDGES[1:]:
        customer = plant.customer()
        for number, days in enumerate((edge - 1, edge, edge + 1)):
            order = plant.order(
                customer, ago(days, before=NOON - timedelta(hours=1)), 100 * 3**number, discount_minor=7 + number,
                line_count=1 + number, channel=("WEB", "STORE", "APP")[number],
            )  # fmt: skip
            plant.line(order, f"P{number}", f"C{number}")
            plant.adjustment(customer, order, ago(days, before=NOON - timedelta(minutes=30)), 5 + number)


def _orders_of_one_instant(plant: Planter) -> None:
    """The first and the last instant are described by the largest of each value, whichever order has it."""
    for channels in (("APP", "WEB"), ("WEB", "APP")):
        for totals in ((500, 900), (900, 500), (700, 700), (None, 400), (400, None)):
            customer = plant.customer()
            plant.order(customer, ago(40), 300, channel="STORE", line_count=4)
            for at in (ago(20), ago(2)):
                for channel, total in zip(channels, totals, strict=True):
                    plant.order(customer, at, total, channel=channel, line_count=1)
    for lines in ((1, 2), (2, 1)):
        customer = plant.customer()
        for count_, channel in zip(lines, ("WEB", "STORE"), strict=True):
            plant.order(customer, ago(2), 400, channel=channel, line_count=count_)
        plant.order(customer, ago(2), 100, line_count=1)


def _every_number_of_gaps(plant: Planter) -> None:
    """One to twelve purchase days, so that every nearest rank falls on and between the percentages."""
    for days in range(1, 13):
        customer = plant.customer()
        for number in range(days):
            plant.order(customer, ago(3 + number * (number + 3)), 100 + 37 * ((number * 5) % 12))
    for days in range(2, 6):
        customer = plant.customer()
        for number in range(days):
            plant.order(customer, ago(10 * number), 800)


def _tens_and_hundreds_of_baskets(plant: Planter) -> None:
    """Numbers at which a percentile falls exactly on a rank, and one more; every basket and every gap is another."""
    for baskets in (10, 20, 100, 101, 102):
        customer = plant.customer()
        for number in range(baskets):
            plant.order(customer, ago(number * (number + 5) // 2), 100 + (number * 7) % baskets)


def _same_day_orders(plant: Planter) -> None:
    customer = plant.customer()
    for hour in (1, 5, 9):
        for days in (4.0, 10.0, 10.5):
            plant.order(customer, ago(days, before=NOON - timedelta(hours=hour)), 100 * hour)
    for hour in (1, 2):
        plant.event(customer, ago(4, before=NOON - timedelta(hours=hour)))
    today = plant.customer()
    plant.order(today, NOON - timedelta(hours=3), 250)
    plant.order(today, NOON - timedelta(hours=2), 350)


def _refunds_before_and_after(plant: Planter) -> None:
    tick = timedelta(microseconds=1)
    cases = (
        (1000, ago(1), ago(1)), (999, ago(1), ago(1)), (1001, ago(1), ago(1)), (1000, NOON, NOON),
        (1000, NOON - tick, NOON), (1000, NOON - tick, NOON - tick), (1000, ago(-2), ago(-2)), (None, ago(1), ago(1)),
    )  # fmt: skip
    for amount, at, received in cases:
        for kind in ("RETURN", "CANCELLATION"):
            customer = plant.customer()
            order = plant.order(customer, ago(9), 1000)
            plant.order(customer, ago(6), 400)
            plant.adjustment(customer, order, at, amount, kind=kind, received_at=received)
    customer = plant.customer()
    order = plant.order(customer, ago(9), 1000)
    plant.adjustment(customer, order, ago(5), 400)
    plant.adjustment(customer, order, ago(4), 600, received_at=ago(-1))
    unmatched = plant.customer()
    plant.order(unmatched, ago(9), 1000)
    plant.adjustment(unmatched, None, ago(5), 400)
    stranger = plant.customer()  # somebody else's return of that order
    plant.adjustment(stranger, plant.order(unmatched, ago(8), 500), ago(5), 100)
    early = plant.customer()  # a return of an order that is not known yet
    order = plant.order(early, ago(9), 1000, received_at=ago(-1))
    plant.adjustment(early, order, ago(5), 400)


def _orders_that_stopped_being_valid(plant: Planter) -> None:
    tick = timedelta(microseconds=1)
    instants = (
        (ago(2), ago(1)), (NOON, NOON), (NOON - tick, NOON), (NOON - tick, NOON - tick), (NOON, NOON - tick),
        (NOON + tick, NOON - tick), (ago(2), None),
    )  # fmt: skip
    for at, learnt in instants:
        for total in (None, 800):
            customer = plant.customer()
            plant.order(customer, ago(30), total)
            plant.order(customer, ago(8), total, invalid_at=at, invalid_received_at=learnt)
    for total in (0, -5, 1):
        plant.order(plant.customer(), ago(3), total, discount_minor=0)


def _without_amounts(plant: Planter) -> None:
    nothing = plant.customer()
    for days in (2, 5, 50):
        plant.order(nothing, ago(days), None)
    mixed = plant.customer()
    for days, total in ((2, None), (5, 600), (50, None), (51, 900), (400, None)):
        plant.order(mixed, ago(days), total, discount_minor=None if total is None else 1)
    old = plant.customer()
    for days, total in ((2, None), (500, 600)):
        plant.order(old, ago(days), total, discount_minor=10)


def _products_and_categories(plant: Planter) -> None:
    customer = plant.customer()
    baskets = (
        (2, (("P1", "C1"), ("P1", "C1"), ("P2", "C2"))), (20, (("P1", "C9"), ("P3", "C2"))), (20, (("P2", "C2"),)),
        (100, (("P4", "C4"), ("P5", None))), (400, ((None, "C5"), (None, None), ("P6", "C6"))), (401, (("P6", "C6"),)),
    )  # fmt: skip
    for days, lines in baskets:
        order = plant.order(customer, ago(days), 900, line_count=len(lines))
        for product, category in lines:
            plant.line(order, product, category)
    void = plant.order(customer, ago(3), 0)
    plant.line(void, "P99", "C99")
    twice = plant.customer()
    for hour in (1, 2):
        order = plant.order(twice, ago(7, before=NOON - timedelta(hours=hour)), 900, line_count=1)
        plant.line(order, "P1", None)


def _every_channel_and_store(plant: Planter) -> None:
    channels = ("WEB", "APP", "STORE", "CALL_CENTRE", "EMAIL", "SMS", "SOCIAL", "MARKETPLACE", "OTHER", "FAX")
    for channel in channels:
        customer = plant.customer()
        plant.order(customer, ago(2), 100, channel=channel, store_id="S1")
        plant.order(customer, ago(380), 100, channel="STORE", store_id="S2")
        plant.order(customer, ago(5), 100, channel=channel, store_id=None)
        plant.event(customer, ago(2), channel=channel)
        plant.event(customer, ago(91), channel="EMAIL")
        plant.order(plant.customer(), ago(2), 100, channel=channel)


def _every_name_of_an_event(plant: Planter) -> None:
    for name in TYPE_OF_EVENT:
        plant.event(plant.customer(), ago(5), kind=TYPE_OF_EVENT[name], name=name)


def _local_hours_and_days(plant: Planter) -> None:
    """Hours at the limits of morning and evening, every weekday, leap day, both changes of the clocks, year's end."""
    midnight = local_midnight(NOON.date(), TIME_ZONE)
    for hour in (0, 11, 12, 17, 18, 23):
        customer = plant.customer()
        for minute in (0, 59):
            plant.order(customer, midnight - timedelta(days=2) + timedelta(hours=hour, minutes=minute), 100)
    for weekday in range(7):
        customer = plant.customer()
        for weeks in (1, 2, 3):
            plant.order(customer, ago(weekday + 7 * weeks), 100)
        plant.order(customer, ago(weekday + 8), 100)
    nights = (
        datetime(2024, 2, 28, 23, 30, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC),
        datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 1, 30, tzinfo=UTC),
        datetime(2023, 10, 29, 0, 30, tzinfo=UTC), datetime(2023, 10, 29, 1, 30, tzinfo=UTC),
        datetime(2023, 12, 31, 22, 59, tzinfo=UTC), datetime(2023, 12, 31, 23, 1, tzinfo=UTC),
    )  # fmt: skip
    for night in nights:
        customer = plant.customer()
        plant.order(customer, night, 100)
        plant.order(customer, night + timedelta(hours=1), 200)
        for as_of in (night, night + timedelta(minutes=45), night + timedelta(hours=25), night + timedelta(days=90)):
            plant.world.spine.append((customer, as_of))


def _several_instants_of_one_customer(plant: Planter) -> None:
    customer = plant.customer()
    for days in (1, 8, 15, 31, 61, 91, 181, 366, 500, 731):
        order = plant.order(customer, ago(days), 100 + days, line_count=1)
        plant.line(order, f"P{days % 3}", f"C{days % 2}")
        plant.adjustment(customer, order, ago(days - 0.5), 10)
        plant.event(customer, ago(days), kind=TYPES[days % 6])
    for back in (0.5, 20, 200, 370, 600, 731, 800):
        plant.world.spine.append((customer, ago(back)))


def _several_members(plant: Planter) -> None:
    customer = plant.customer(members=3)
    members = [member.member_id for member in plant.world.members if member.customer_id == customer]
    for number, member in enumerate(members):
        order = plant.order(member, ago(10 + 9 * number), 300 + number, channel=("WEB", "STORE", "APP")[number])
        plant.line(order, f"P{number}", "C1")
        plant.adjustment(members[0], order, ago(5), 20)
        plant.event(member, ago(4 + number))


def _members_that_join_and_leave(plant: Planter) -> None:
    """Known exactly at as_of: not yet a member. Left exactly at as_of: still one."""
    tick = timedelta(microseconds=1)
    spans = (
        (NOON, None), (NOON - tick, None), (NOON + tick, None), (None, NOON), (None, NOON - tick), (None, NOON + tick),
    )  # fmt: skip
    for known_at, until_at in spans:
        customer = plant.customer()
        other = plant.customer()
        plant.order(customer, ago(30), 100)
        plant.order(other, ago(3), 900)
        plant.event(other, ago(3))
        span = {"known_at": known_at} if known_at else {"until_at": until_at or NOON}
        plant.world.members.append(Member(customer_id=customer, member_id=other, **span))


PLANTS: tuple[Callable[[Planter], None], ...] = (
    _nobody,
    _facts_at_the_instant_itself,
    _facts_on_the_edge_of_every_window,
    _two_facts_on_either_side_of_each_window,
    _orders_of_one_instant,
    _every_number_of_gaps,
    _tens_and_hundreds_of_baskets,
    _same_day_orders,
    _refunds_before_and_after,
    _orders_that_stopped_being_valid,
    _without_amounts,
    _products_and_categories,
    _every_channel_and_store,
    _every_name_of_an_event,
    _local_hours_and_days,
    _several_instants_of_one_customer,
    _several_members,
)
