"""Generated shoppers with touchpoints, lines and returns, and slow, obvious ways to tell their journeys and metrics."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from random import Random
from typing import Any

from customer.lifecycle.policy import LifecyclePolicy
from customer.lifecycle.rhythm import nearest_rank

START = datetime(2024, 1, 5, 12, tzinfo=UTC)
NOW = START + timedelta(days=120)
CHANNELS = ("WEB", "APP", "STORE", "EMAIL")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """An event of member `member`; `order` says which order it completes."""

    id: int
    member: int
    name: str
    type: str
    channel: str
    at: datetime
    received_at: datetime
    campaign: str | None = None
    store: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    order: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """An order with the categories of its lines."""

    id: int
    member: int
    at: datetime
    channel: str
    store: str | None
    category: str | None
    payment: str | None
    delivery: str | None
    currency: str
    total: int | None
    refunded: int
    invalid_at: datetime | None
    line_categories: tuple[str | None, ...]

    @property
    def day(self) -> int:
        return (self.at.date() - _EPOCH).days

    @property
    def month(self) -> int:
        return (self.at.year - 1970) * 12 + self.at.month - 1

    def is_valid(self) -> bool:
        return self.at <= NOW and (self.invalid_at is None or self.invalid_at > NOW)

    def was_valid(self) -> bool:
        return self.at <= NOW and (self.invalid_at is None or self.invalid_at > self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Money given back; `basket` is None when it matches no order."""

    id: int
    member: int
    basket: int | None
    kind: str
    at: datetime
    amount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    touches: tuple[Touch, ...]
    baskets: tuple[Basket, ...]
    returns: tuple[Return, ...]

    @property
    def valid(self) -> list[Basket]:
        return sorted((b for b in self.baskets if b.is_valid()), key=lambda b: (b.at, b.id))


def make_shopper(random: Random, first_id: int) -> Shopper:
    """At most 99 touches, orders and returns each; ids start with `first_id`."""
    baskets = tuple(_basket(random, first_id + n) for n in range(random.choice([0, 1, 2, 3, 5, 8])))
    browsing = [_touch(random, first_id + 50 + n) for n in range(random.choice([0, 1, 3, 12, 30]))]
    buying = [
        Touch(
            id=basket.id, member=basket.member, name="Order Completed", type="ORDER", channel=basket.channel,
            at=basket.at, received_at=basket.at, store=basket.store, order=basket.id,
        )
        for basket in baskets
    ]  # fmt: skip
    returns = tuple(
        Return(
            id=first_id + n,
            member=random.randrange(2),
            basket=random.choice([None, *(basket.id for basket in baskets)]),
            kind=random.choice(["RETURN", "REFUND", "CANCELLATION"]),
            at=_moment(random),
            amount=random.choice([None, 100, 250]),
        )
        for n in range(random.choice([0, 0, 2]))
    )
    return Shopper(touches=(*buying, *browsing), baskets=baskets, returns=returns)


def obvious_journeys(shopper: Shopper, policy: LifecyclePolicy) -> list[dict[str, Any]]:
    """Cut the touches after every order and before every long silence; keep what leads to an order or is still open."""
    silence = timedelta(days=policy.journey_break_days)
    touches = sorted(shopper.touches, key=lambda touch: (touch.at, touch.order is not None, touch.id))
    pieces: list[list[Touch]] = []
    for touch in touches:
        if not pieces or pieces[-1][-1].order is not None or touch.at - pieces[-1][-1].at >= silence:
            pieces.append([])
        pieces[-1].append(touch)
    journeys = []
    for piece in pieces:
        bought, is_open = piece[-1].order is not None, piece is pieces[-1]
        intents = [n for n, touch in enumerate(piece) if touch.name in policy.intent_events]
        if (bought or is_open) and (intents or bought):
            journeys.append(_journey(piece[intents[0] :] if intents else piece[-1:], shopper))
    return sorted(journeys, key=lambda journey: (journey["started_at"], journey["first_event_id"]))


def _journey(touches: Sequence[Touch], shopper: Shopper) -> dict[str, Any]:
    order = next((basket for basket in shopper.baskets if basket.id == touches[-1].order), None)
    channels = list(dict.fromkeys(touch.channel for touch in touches))
    return {
        "started_at": touches[0].at,
        "first_event_id": touches[0].id,
        "ended_at": touches[-1].at,
        "order_id": order and order.id,
        "first_channel": touches[0].channel,
        "last_channel": touches[-1].channel,
        "channels": channels,
        "touch_count": len(touches),
        "omnichannel": len(channels) > 1,
        "delivery_type": order and order.delivery,
        "payment_method": order and order.payment,
    }


def obvious_metrics(shopper: Shopper, policy: LifecyclePolicy) -> dict[str, Any]:
    """customer_metrics for one person, figure by figure."""
    valid = shopper.valid
    nets = sorted(b.total - b.refunded for b in valid if b.total is not None and b.currency == "EUR")
    unmatched = [r.amount for r in shopper.returns if r.basket is None and r.at <= NOW and r.amount is not None]
    days = [day for day, _ in groupby(b.day for b in valid)]
    gaps = [after - before for before, after in pairwise(days)]
    placed = {basket.id for basket in shopper.baskets if basket.was_valid()}
    given_back = {r.basket for r in shopper.returns if r.kind in ("RETURN", "REFUND") and r.at <= NOW}
    seen = [touch for touch in shopper.touches if touch.at <= NOW]
    return {
        "currency": "EUR",
        "order_count": len(valid),
        "placed_order_count": len(placed),
        "net_revenue_minor": sum(nets) - sum(unmatched) if nets or unmatched else None,
        "average_basket_minor": _half_away_from_zero(sum(nets), len(nets)) if nets else None,
        "p90_basket_minor": nearest_rank(nets, 90) if nets else None,
        "first_order_at": valid[0].at if valid else None,
        "last_order_at": valid[-1].at if valid else None,
        "median_gap_days": nearest_rank(sorted(gaps), 50) if gaps else None,
        "p75_gap_days": nearest_rank(sorted(gaps), 75) if gaps else None,
        "days_to_second_purchase": gaps[0] if gaps else None,
        "returned_order_count": len(placed & given_back),
        "active_months": len({b.month for b in valid}),
        "order_months": sorted({b.month for b in valid}),
        "categories": sorted({c for b in valid for c in (b.category, *b.line_categories) if c}),
        "preferences": _preferences(valid, policy.preference_half_life_days),
        "channel_profile": {"recruitmentPath": _recruitment_path(valid)},
        "acquisition": _acquisition(shopper, policy.acquisition_trigger_days),
        "last_event_at": max((touch.at for touch in seen), default=None),
        "last_received_at": max((touch.received_at for touch in seen), default=None),
    }


def _preferences(valid: Sequence[Basket], half_life: int) -> dict[str, Any]:
    aspects = ("channel", "store", "category", "payment", "delivery")
    preferences: dict[str, Any] = dict.fromkeys(aspects)
    for aspect in aspects:
        weights: defaultdict[str, float] = defaultdict(float)
        last_use: dict[str, int] = {}
        for number, basket in enumerate(valid):
            value = getattr(basket, aspect)
            if value is not None:
                weights[value] += 2 ** ((basket.day - valid[-1].day) / half_life)
                last_use[value] = number
        n = sum(getattr(basket, aspect) is not None for basket in valid)
        if n >= 2:
            best = max(weights, key=lambda value: (round(weights[value], 9), last_use[value]))
            preferences[aspect] = {"value": best, "share": round(weights[best] / sum(weights.values()), 4), "n": n}
    return preferences


def _recruitment_path(valid: Sequence[Basket]) -> list[dict[str, Any]]:
    counts = Counter(basket.channel for basket in valid)
    return [
        {
            "channel": channel,
            "firstUsedAt": min(basket.at for basket in valid if basket.channel == channel),
            "lastUsedAt": max(basket.at for basket in valid if basket.channel == channel),
            "orderCount": counts[channel],
        }
        for channel in dict.fromkeys(basket.channel for basket in valid)
    ]


def _acquisition(shopper: Shopper, trigger_days: int) -> dict[str, Any] | None:
    if not shopper.valid:
        return None
    first = shopper.valid[0]
    since = first.at - timedelta(days=trigger_days)
    candidates = [(touch.at, touch.id, trigger) for touch in shopper.touches if (trigger := _trigger(touch))]
    before = [candidate for candidate in candidates if since <= candidate[0] < first.at]
    return {
        "at": first.at,
        "orderId": first.id,
        "channel": first.channel,
        "storeId": first.store,
        "campaign": None,
        "firstCategory": first.category,
        "trigger": max(before, key=lambda candidate: candidate[:2])[2] if before else None,
    }


def _trigger(touch: Touch) -> dict[str, Any] | None:
    properties = dict(touch.properties)
    if touch.type in ("ORDER", "DELIVERY", "FEEDBACK", "SERVICE"):
        return None
    found: dict[str, str | None] = {}
    if touch.type == "CAMPAIGN" or touch.campaign:
        found = {"kind": "CAMPAIGN", "value": touch.campaign or touch.name}
    elif touch.name == "Products Searched":
        found = {"kind": "SEARCH", "value": properties.get("query")}
    elif touch.channel == "STORE":
        found = {"kind": "STORE_VISIT", "value": touch.store}
    elif "referrer" in properties:
        found = {"kind": "REFERRER", "value": properties["referrer"]}
    return {**found, "at": touch.at, "channel": touch.channel} if found else None


def _half_away_from_zero(total: int, count: int) -> int:
    size = (2 * abs(total) + count) // (2 * count)
    return size if total >= 0 else -size


def _moment(random: Random) -> datetime:
    return START + timedelta(days=random.randrange(130), hours=random.choice([0, 0, 5]))


def _basket(random: Random, number: int) -> Basket:
    at = _moment(random)
    total = random.choice([None, 1000, 1000, 2550, 333])
    return Basket(
        id=number,
        member=random.randrange(2),
        at=at,
        channel=random.choice(CHANNELS[:3]),
        store=random.choice([None, "S1", "S2"]),
        category=random.choice([None, "Garden", "Beauty"]),
        payment=random.choice([None, "CARD", "CASH"]),
        delivery=random.choice([None, "HOME"]),
        currency=random.choice(["EUR", "EUR", "EUR", "GBP"]),
        total=total,
        refunded=random.choice([0, 0, 200]) if total else 0,
        invalid_at=random.choice([None, None, None, at, at + timedelta(days=9), NOW + timedelta(days=1)]),
        line_categories=tuple(random.choice([None, "Garden", "Food", "Toys"]) for _ in range(random.randrange(3))),
    )


def _touch(random: Random, number: int) -> Touch:
    name, kind = random.choice(
        [
            *(("Product Viewed", "BROWSE"), ("Product Added", "CART"), ("Page Viewed", "BROWSE"), ("Visited", "OTHER")),
            *(("Email Opened", "CAMPAIGN"), ("Products Searched", "BROWSE"), ("Delivery Completed", "DELIVERY")),
        ]
    )
    at = _moment(random)
    return Touch(
        id=number,
        member=random.randrange(2),
        name=name,
        type=kind,
        channel=random.choice(CHANNELS),
        at=at,
        received_at=at + timedelta(days=random.choice([0, 3])),
        campaign=random.choice([None, None, "spring"]),
        store=random.choice([None, "S1"]),
        properties=random.choice([(), (("query", "hose"),), (("referrer", "https://example.org"),)]),
    )
