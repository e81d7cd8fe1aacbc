"""What must not change a feature does not change it, and what must does so exactly."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from customer.contracts.score import FeatureValue
from customer.features.definitions import FEATURE_BY_NAME, FEATURES
from customer.features.feature import Kind
from tests.parity.engines import Vectors, differences, duckdb_vectors, duckdb_with
from tests.parity.planted import NOON, Planter, ago, planted_world
from tests.parity.randomised import random_world
from tests.parity.world import Member, World


def vectors_of(world: World) -> Vectors:
    return duckdb_vectors(duckdb_with(world))


def crowd(seed: int = 1) -> World:
    """A random crowd looked at from one instant only, so that late facts can be told from early ones."""
    return random_world(seed, instants=1)


def copy(world: World) -> World:
    return World(
        members=[*world.members], orders=[*world.orders], lines=[*world.lines], adjustments=[*world.adjustments],
        events=[*world.events], spine=[*world.spine], time_zone=world.time_zone,
    )  # fmt: skip


def without_late_facts(world: World) -> World:
    [as_of] = {as_of for _, as_of in world.spine}
    early = copy(world)
    early.orders = [item for item in world.orders if item.occurred_at < as_of and item.received_at < as_of]
    early.adjustments = [item for item in world.adjustments if item.occurred_at < as_of and item.received_at < as_of]
    early.events = [item for item in world.events if item.occurred_at < as_of and item.received_at < as_of]
    kept = {order.order_id for order in early.orders}
    early.lines = [line for line in world.lines if line.order_id in kept]
    return early


def with_more_late_facts(world: World) -> World:
    [as_of] = {as_of for _, as_of in world.spine}
    late = copy(world)
    planter = Planter(1_000_000)
    for number, member in enumerate(world.members):
        known_later = planter.order(member.member_id, as_of - timedelta(days=number), 77_777, received_at=as_of)
        planter.line(known_later, "P77", "C77")
        planter.order(member.member_id, as_of, 88_888)
        planter.event(member.member_id, as_of)
        planter.event(member.member_id, as_of - timedelta(days=1), received_at=as_of + timedelta(days=1))
    for order in world.orders:
        planter.adjustment(order.member_id, order, as_of, 99)
        planter.adjustment(order.member_id, order, order.occurred_at, 99, received_at=as_of, kind="CANCELLATION")
    late.add(planter.world)
    return late


def with_altered_late_facts(world: World) -> World:
    [as_of] = {as_of for _, as_of in world.spine}
    altered = copy(world)
    altered.orders = [
        replace(order, total_minor=1, channel="SMS", invalid_at=as_of)
        if order.occurred_at >= as_of or order.received_at >= as_of
        else order
        for order in world.orders
    ]
    return altered


@pytest.mark.parametrize("alter", [without_late_facts, with_more_late_facts, with_altered_late_facts])
@pytest.mark.parametrize("seed", [1, 2])
def test_facts_that_happen_or_arrive_at_or_after_the_instant_change_nothing(
    alter: Callable[[World], World], seed: int
) -> None:
    world = crowd(seed)
    assert differences(vectors_of(world), vectors_of(alter(world))) == []


def test_a_merge_known_at_the_instant_or_later_changes_nothing() -> None:
    world = crowd()
    [as_of] = {as_of for _, as_of in world.spine}
    merged = copy(world)
    customers = [customer_id for customer_id, _ in world.spine]
    for survivor, absorbed in zip(customers[::2], customers[1::2], strict=True):
        merged.members.append(Member(customer_id=survivor, member_id=absorbed, known_at=as_of))
    assert differences(vectors_of(world), vectors_of(merged)) == []


def test_a_merge_known_before_the_instant_adds_the_absorbed_customers_facts() -> None:
    planter = Planter()
    survivor, absorbed = planter.customer(), planter.customer()
    planter.order(survivor, ago(30), 100)
    planter.order(absorbed, ago(3), 900)
    planter.world.members.append(Member(customer_id=survivor, member_id=absorbed, known_at=ago(1)))
    vectors = vectors_of(planter.world)
    assert vectors[survivor, NOON]["net_amount"] == 1000
    assert vectors[absorbed, NOON]["net_amount"] == 900


def test_another_currency_unit_scales_exactly_the_features_that_say_so() -> None:
    factor = 7
    world = planted_world()
    world.add(random_world(3, first_id=100_000))
    scaled = copy(world)

    def times(value: int | None) -> int | None:
        return None if value is None else value * factor

    scaled.orders = [
        replace(order, total_minor=times(order.total_minor), discount_minor=times(order.discount_minor))
        for order in world.orders
    ]
    scaled.adjustments = [replace(item, amount_minor=times(item.amount_minor)) for item in world.adjustments]
    before, after = vectors_of(world), vectors_of(scaled)
    wrong = [
        (key, name)
        for key, vector in before.items()
        for name, value in vector.items()
        if not _is_scaled(value, after[key][name], factor if Kind.SCALED in FEATURE_BY_NAME[name].kinds else 1)
    ]
    assert wrong == []


def _is_scaled(before: FeatureValue, after: FeatureValue, factor: int) -> bool:
    if factor == 1 or isinstance(before, str | None) or isinstance(after, str | None):
        return before == after
    return math.isclose(after, before * factor, rel_tol=1e-15)


@pytest.mark.parametrize("weeks", [1, 26, -13])
def test_whole_weeks_later_only_calendar_features_differ(weeks: int) -> None:
    world = random_world(4)
    world.time_zone = "UTC"  # elsewhere the clocks change in between, and with them local hours
    shift = timedelta(weeks=weeks)
    before, after = vectors_of(world), vectors_of(world.shifted(shift))
    fixed = [feature.name for feature in FEATURES if Kind.CALENDAR not in feature.kinds]
    for (customer_id, as_of), vector in before.items():
        shifted = after[customer_id, as_of + shift]
        assert {name: shifted[name] for name in fixed} == {name: vector[name] for name in fixed}


def test_ids_and_the_order_of_rows_do_not_matter() -> None:
    world = planted_world()
    world.add(random_world(5, first_id=100_000))
    chance = random.Random(5)
    ids = sorted({member.member_id for member in world.members} | {order.order_id for order in world.orders})
    new = dict(zip(ids, chance.sample(range(10_000_000), len(ids)), strict=True))
    other = World(
        members=[replace(m, customer_id=new[m.customer_id], member_id=new[m.member_id]) for m in world.members],
        orders=[replace(o, member_id=new[o.member_id], order_id=new[o.order_id]) for o in world.orders],
        lines=[replace(ln, member_id=new[ln.member_id], order_id=new[ln.order_id]) for ln in world.lines],
        adjustments=[
            replace(a, member_id=new[a.member_id], order_id=None if a.order_id is None else new[a.order_id])
            for a in world.adjustments
        ],
        events=[replace(event, member_id=new[event.member_id]) for event in world.events],
        spine=[(new[customer_id], as_of) for customer_id, as_of in world.spine],
    )
    for rows in (other.members, other.orders, other.lines, other.adjustments, other.events, other.spine):
        chance.shuffle(rows)
    expected = {(new[customer_id], as_of): vector for (customer_id, as_of), vector in vectors_of(world).items()}
    assert differences(expected, vectors_of(other)) == []


def test_other_customers_do_not_matter() -> None:
    world = crowd(6)
    everybody = vectors_of(world)
    for customer_id, as_of in world.spine[:5]:
        members = {member.member_id for member in world.members if member.customer_id == customer_id}
        alone = copy(world)
        alone.orders = [item for item in world.orders if item.member_id in members]
        alone.adjustments = [item for item in world.adjustments if item.member_id in members]
        alone.events = [item for item in world.events if item.member_id in members]
        alone.spine = [(customer_id, as_of)]
        assert vectors_of(alone) == {(customer_id, as_of): everybody[customer_id, as_of]}


def strip_amounts(world: World) -> None:
    world.orders = [replace(order, total_minor=None, discount_minor=None) for order in world.orders]
    world.adjustments = [replace(item, amount_minor=None) for item in world.adjustments]


def strip_lines(world: World) -> None:
    world.orders = [replace(order, line_count=0) for order in world.orders]
    world.lines = []


def strip_touchpoints(world: World) -> None:
    world.events = []


@pytest.mark.parametrize(
    ("kind", "strip"), [(Kind.MONEY, strip_amounts), (Kind.LINES, strip_lines), (Kind.TOUCHPOINT, strip_touchpoints)]
)
def test_features_of_a_kind_say_nothing_when_its_facts_are_missing(kind: Kind, strip: Callable[[World], None]) -> None:
    world = random_world(8)
    strip(world)
    vectors = vectors_of(world).values()
    telling = [
        feature.name
        for feature in FEATURES
        if kind in feature.kinds and not {vector[feature.name] for vector in vectors} <= {None, 0}
    ]
    assert telling == []
