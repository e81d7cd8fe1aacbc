"""Random worlds: few days, few amounts, few words, so that ties, repeats and empty corners are common."""

import random
from datetime import UTC, datetime, timedelta

from tests.parity.planted import TYPES, Planter
from tests.parity.world import World

START = datetime(2023, 1, 1, tzinfo=UTC)
CHANNELS = ("WEB", "APP", "STORE", "CALL_CENTRE", "MARKETPLACE", "OTHER")
NAMES = ("Product Viewed", "Email Opened", "Coupon Applied", "Promotion Clicked", "Ticket Opened")


def random_world(seed: int, *, customers: int = 40, instants: int = 3, first_id: int = 1) -> World:
    """Facts over some 900 days, part of them received late, and spine rows at instants around them."""
    chance = random.Random(seed)
    planter = Planter(first_id)
    as_ofs = [START + timedelta(days=chance.uniform(100, 1000)) for _ in range(instants)]
    for _ in range(customers):
        customer = planter.customer(as_of=as_ofs[0], members=chance.choice((1, 1, 1, 2, 3)))
        planter.world.spine += [(customer, as_of) for as_of in as_ofs[1:]]
        members = [member.member_id for member in planter.world.members if member.customer_id == customer]
        _orders(planter, chance, members)
        for _ in range(chance.randrange(0, 25)):
            at = _instant(chance)
            planter.event(
                chance.choice(members), at, kind=chance.choice(TYPES), name=chance.choice(NAMES),
                channel=chance.choice(CHANNELS), received_at=_received(chance, at),
            )  # fmt: skip
    return planter.world


def _orders(planter: Planter, chance: random.Random, members: list[int]) -> None:
    priced = chance.random() < 0.8
    for _ in range(chance.choice((0, 1, 2, 3, 5, 8, 20, 40))):
        at = _instant(chance)
        total = chance.choice((0, 100, 100, 250, 990, 12345, None)) if priced else None
        invalid = chance.random() < 0.05
        order = planter.order(
            chance.choice(members), at, total, received_at=_received(chance, at), channel=chance.choice(CHANNELS),
            store_id=chance.choice((None, "S1", "S2")), discount_minor=chance.choice((None, 0, 10, 25)),
            line_count=chance.randrange(0, 4), invalid_at=at + timedelta(days=3) if invalid else None,
            invalid_received_at=at + timedelta(days=5) if invalid else None,
        )  # fmt: skip
        for _ in range(order.line_count):
            planter.line(order, chance.choice((None, "P1", "P2", "P3", "P4")), chance.choice((None, "C1", "C2")))
        if chance.random() < 0.3:
            returned = at + timedelta(days=chance.choice((0, 1, 20)))
            planter.adjustment(
                chance.choice(members), chance.choice((order, order, None)), returned,
                chance.choice((None, 50, 100, total)), kind=chance.choice(("RETURN", "RETURN", "CANCELLATION")),
                received_at=_received(chance, returned),
            )  # fmt: skip


def _instant(chance: random.Random) -> datetime:
    return START + timedelta(days=chance.randrange(0, 900), hours=chance.choice((0, 9, 12, 18, 22)))


def _received(chance: random.Random, at: datetime) -> datetime:
    return at + timedelta(days=chance.choice((0, 0, 0, 1, 40)))
