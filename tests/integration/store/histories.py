"""Generated people with their facts: what the derivation's SQL and the pure rules are both given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from customer.lifecycle.facts import EventFact, GapReference, LifecycleFacts, OrderFact
from customer.lifecycle.policy import LifecyclePolicy, default_policy
from customer.lifecycle.rhythm import nearest_rank

Moment = Callable[[Random], datetime]

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Pacific/Auckland")
START = datetime(2023, 10, 20, 22, 30, tzinfo=UTC)  # a week before clocks go back in Europe
SIGNALS: tuple[tuple[str, dict[str, object]], ...] = (
    ("Referral Converted", {}),
    ("Survey Answered", {"kind": "NPS", "score": 9}),
    ("Survey Answered", {"kind": "NPS", "score": 8}),
    ("Survey Answered", {"kind": "CSAT", "score": 10}),
    ("Product Reviewed", {"rating": "5"}),
    ("Product Reviewed", {"rating": "4.0"}),
    ("Product Reviewed", {"rating": "no idea"}),
    ("Product Reviewed", {}),
    ("Product Shared", {}),
    ("Account Closed", {}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A root with its members; member 0 is the root. Facts name the member they belong to."""

    member_count: int
    orders: tuple[tuple[int, OrderFact], ...]
    events: tuple[tuple[int, EventFact], ...]
    identified: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A tenant: its time zone, its policy and its people."""

    zone: str
    policy: LifecyclePolicy
    people: tuple[Person, ...]
    references: dict[tuple[int, str], GapReference] = field(default_factory=dict)

    def facts(self, person: Person) -> LifecycleFacts:
        return LifecycleFacts(
            orders=tuple(order for _, order in person.orders),
            events=tuple(event for _, event in person.events),
            identified=tuple(linked_at for _, linked_at in person.identified),
            references=self.references,
            time_zone=ZoneInfo(self.zone),
        )


def short_policy(**changes: object) -> LifecyclePolicy:
    """Small thresholds, so that short histories reach every stage."""
    small: dict[str, object] = {
        "observation_window_days": 40,
        "minimum_reference_gaps": 2,
        "fallback_alert_days": 6,
        "fallback_lost_days": 11,
        "won_back_days": 7,
    }
    return replace(default_policy(), **{**small, **changes})  # type: ignore[arg-type]


def local_day(at: datetime, zone: str) -> int:
    return (at.astimezone(ZoneInfo(zone)).date() - date(1970, 1, 1)).days


def obvious_references(
    people: Sequence[Person], policy: LifecyclePolicy, last_month: int
) -> dict[tuple[int, str], GapReference]:
    """Month by month: every gap closed in an earlier month by an order that was valid when placed."""
    closed: list[tuple[int, str | None, int]] = []
    for person in people:
        placed = sorted(
            (order for _, order in person.orders if order.invalid_at is None or order.invalid_at > order.ordered_at),
            key=lambda order: (order.ordered_at, order.id),
        )
        for before, after in pairwise(placed):
            if after.local_day != before.local_day:
                closed.append((after.local_month, after.category, after.local_day - before.local_day))
    references = {}
    months = [order.local_month for person in people for _, order in person.orders]
    for month in range(min(months, default=last_month), last_month + 1):
        for category in {"", *(category for _, category, _ in closed if category)}:
            gaps = sorted(gap for at, of, gap in closed if at < month and category in ("", of))
            if gaps:
                references[month, category] = GapReference(
                    alert_days=nearest_rank(gaps, policy.alert_percentile),
                    lost_days=nearest_rank(gaps, policy.lost_percentile),
                    gap_count=len(gaps),
                )
    return references


def moment(random: Random) -> datetime:
    """Days apart to the microsecond, so that limits are hit exactly, just missed, and just passed."""
    return START + timedelta(
        days=random.randrange(46),
        hours=random.choice([0, 0, 0, 1, 2, 13]),
        microseconds=random.choice([0, 0, 0, 0, -1, 1]),
    )


def seasonal_moment(random: Random) -> datetime:
    """Around Christmas and Easter, and seldom in summer, over six years."""
    days = ["12-01", "11-30", *4 * ["12-24"], "12-26", "01-06", "01-07", "03-28", "04-05", "04-17", "04-20", "07-01"]
    hour = random.choice(["00:30", "12:00", "23:30"])
    return datetime.fromisoformat(f"{random.randint(2018, 2023)}-{random.choice(days)}T{hour}+00:00")


def make_order(random: Random, number: int, zone: str, at: Moment) -> OrderFact:
    ordered_at = at(random)
    invalid_at = random.choice([None, None, None, ordered_at, at(random)])
    if invalid_at is not None:
        invalid_at = max(invalid_at, ordered_at)
    received_at = ordered_at + timedelta(days=random.choice([0, 0, 9]))
    return OrderFact(
        id=number,
        ordered_at=ordered_at,
        received_at=received_at,
        local_day=local_day(ordered_at, zone),
        category=random.choice([None, "A", "B", "B"]),
        invalid_at=invalid_at,
        invalid_received_at=invalid_at and max(invalid_at, received_at),
    )


def make_person(random: Random, zone: str, first_number: int, at: Moment) -> Person:
    members = random.randint(1, 3)
    order_count = random.choice([0, 1, 2, 3, 4, 5, 6, 9, 20])
    signals = [random.choice(SIGNALS) for _ in range(random.choice([0, 0, 1, 4]))]
    events = [(name, properties, at(random)) for name, properties in signals]
    return Person(
        member_count=members,
        orders=tuple(
            (random.randrange(members), make_order(random, first_number + index, zone, at))
            for index in range(order_count)
        ),
        events=tuple(
            (
                random.randrange(members),
                EventFact(name=name, occurred_at=when, received_at=when, properties=properties),
            )
            for name, properties, when in events
        ),
        identified=tuple((random.randrange(members), at(random)) for _ in range(random.choice([0, 0, 1, 2]))),
    )


def make_world(random: Random, *, people: int, seasonal: bool = False) -> World:
    zone = random.choice(ZONES)
    policy = short_policy(
        minimum_own_gaps=random.choice([1, 3]),
        minimum_lapsing_days=random.choice([0, 2]),
        loyal_orders=random.choice([3, 4, 6]),
    )
    at = seasonal_moment if seasonal else moment
    folk = tuple(make_person(random, zone, 100 * index + 1, at) for index in range(people))
    return World(zone=zone, policy=policy, people=folk)


def worlds(*, seasonal: bool = False) -> st.SearchStrategy[World]:
    """Worlds of one to three people."""
    return st.builds(
        lambda random, people: make_world(random, people=people, seasonal=seasonal),
        st.randoms(use_true_random=False),
        st.integers(1, 3),
    )
