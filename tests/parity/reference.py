"""The features again, slow and obvious: one customer at a time, straight from their descriptions, in plain Python."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from customer.contracts.score import FeatureValue
from customer.features.moment import LocalMoment
from customer.vocabulary import Channel
from tests.parity.world import Adjustment, Event, Line, Order, World

Vector = dict[str, FeatureValue]

RESPONSES = {
    "Email Opened", "Email Link Clicked", "SMS Link Clicked", "Push Notification Tapped", "Promotion Clicked",
    "Coupon Entered", "Coupon Applied", "Coupon Redeemed",
}  # fmt: skip
COUPONS = {"Coupon Applied", "Coupon Redeemed"}
OPT_OUTS = {"Unsubscribed", "Email Marked as Spam"}


@dataclass(frozen=True, slots=True)
class Purchase:
    """A valid order as known at as_of."""

    order: Order
    local: LocalMoment
    days_ago: int
    net: int | None
    channel: str

    @property
    def channel_code(self) -> int:
        return list(Channel).index(Channel(self.channel))


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of one customer at one instant."""

    now: LocalMoment
    all_orders: list[Order]
    purchases: list[Purchase]
    adjustments: list[tuple[int, Adjustment]]
    lines: list[tuple[int, Line]]
    touchpoints: list[tuple[int, Event]]

    @property
    def first(self) -> list[Purchase]:
        """The purchases at the first instant of any: mostly one."""
        start = min((purchase.order.occurred_at for purchase in self.purchases), default=None)
        return [purchase for purchase in self.purchases if purchase.order.occurred_at == start]

    @property
    def last(self) -> list[Purchase]:
        """The purchases at the last instant of any: mostly one."""
        end = max((purchase.order.occurred_at for purchase in self.purchases), default=None)
        return [purchase for purchase in self.purchases if purchase.order.occurred_at == end]


def reference_vector(world: World, customer_id: int, as_of: datetime) -> Vector:
    """Every feature of that customer as of that instant."""
    known = _known(world, customer_id, as_of)
    parts: list[Callable[[Known], Vector]] = [
        _orders, _rhythm, _amounts, _baskets, _returns, _assortment, _channels, _season, _touchpoints,
    ]  # fmt: skip
    vector: Vector = {}
    for part in parts:
        vector.update(part(known))
    return vector


def _known(world: World, customer_id: int, as_of: datetime) -> Known:
    now = world.moment(as_of)
    members = {
        member.member_id
        for member in world.members
        if member.customer_id == customer_id and member.known_at < as_of <= member.until_at
    }

    def is_known(fact: Order | Adjustment | Event) -> bool:
        return fact.member_id in members and fact.occurred_at < as_of and fact.received_at < as_of

    def days_ago(fact: Order | Adjustment | Event) -> int:
        return now.local_day - world.moment(fact.occurred_at).local_day

    adjustments = [item for item in world.adjustments if is_known(item)]
    orders = [order for order in world.orders if is_known(order)]
    purchases = []
    for order in orders:
        own = [item for item in adjustments if item.order_id == order.order_id]
        given_back = sum(item.amount_minor or 0 for item in own)
        net = None if order.total_minor is None else order.total_minor - given_back
        cancelled = any(item.kind == "CANCELLATION" for item in own)
        if order.invalid_at is not None and order.invalid_received_at is not None:
            cancelled |= order.invalid_at < as_of and order.invalid_received_at < as_of
        if not cancelled and (net is None or net > 0):
            channel = order.channel if order.channel in set(Channel) else "OTHER"
            purchases.append(Purchase(order, world.moment(order.occurred_at), days_ago(order), net, channel))
    day_of = {purchase.order.order_id: purchase.days_ago for purchase in purchases}
    return Known(
        now=now,
        all_orders=orders,
        purchases=purchases,
        adjustments=[(days_ago(item), item) for item in adjustments],
        lines=[(day_of[line.order_id], line) for line in world.lines if line.order_id in day_of],
        touchpoints=[(days_ago(item), item) for item in world.events if is_known(item) and item.type != "ORDER"],
    )


def _orders(known: Known) -> Vector:
    ages = [purchase.days_ago for purchase in known.purchases]
    vector: Vector = {"order_count": len(ages)}
    for window in (7, 14, 30, 60, 90, 180, 365):
        vector[f"order_count_{window}d"] = _within(ages, window)
    for window in (30, 90, 365):
        vector[f"order_trend_{window}d"] = _trend(ages, window)
    distinct = sorted(set(ages))
    vector["purchase_day_count"] = len(distinct)
    vector["purchase_day_count_90d"] = _within(distinct, 90)
    vector["purchase_day_count_365d"] = _within(distinct, 365)
    months = [(purchase.local.local_month, purchase.days_ago) for purchase in known.purchases]
    vector["active_month_count"] = len({month for month, _ in months})
    vector["active_month_count_365d"] = len({month for month, age in months if age <= 365})
    return vector


def _rhythm(known: Known) -> Vector:
    ages = sorted({purchase.days_ago for purchase in known.purchases})  # newest first
    gaps = [older - newer for newer, older in pairwise(ages)]  # newest first
    silence = ages[0] if ages else None
    tenure = ages[-1] if ages else None
    median, p75 = _nearest_rank(gaps, 50), _nearest_rank(gaps, 75)
    longest = max(gaps, default=None)
    return {
        "days_since_last_order": silence,
        "days_since_first_order": tenure,
        "days_to_second_purchase": gaps[-1] if gaps else None,
        "repeat_count": len(gaps) if ages else None,
        "days_first_to_last_order": ages[-1] - ages[0] if ages else None,
        "mean_gap_days": _over(sum(gaps), len(gaps)),
        "gap_deviation_days": _deviation(gaps),
        "shortest_gap_days": min(gaps, default=None),
        "p25_gap_days": _nearest_rank(gaps, 25),
        "median_gap_days": median,
        "p75_gap_days": p75,
        "p90_gap_days": _nearest_rank(gaps, 90),
        "longest_gap_days": longest,
        "last_gap_days": gaps[0] if gaps else None,
        "previous_gap_days": gaps[1] if len(gaps) > 1 else None,
        "last_three_gaps_days": sum(gaps[:3]) if len(gaps) >= 3 else None,
        "silence_to_median_gap": _over(silence, median),
        "silence_to_p75_gap": _over(silence, p75),
        "silence_to_longest_gap": _over(silence, longest),
        "last_gap_to_median_gap": _over(gaps[0] if gaps else None, median),
        "silence_to_tenure": _over(silence, tenure),
    }


def _amounts(known: Known) -> Vector:
    priced = [purchase for purchase in known.purchases if purchase.net is not None]
    unknown = bool(known.purchases) and not priced

    def net(low: int = -1, high: float = math.inf) -> int | None:
        return None if unknown else sum(p.net or 0 for p in priced if low < p.days_ago <= high)

    def gross(high: float = math.inf) -> int | None:
        return None if unknown else sum(p.order.total_minor or 0 for p in priced if p.days_ago <= high)

    year = [purchase for purchase in known.purchases if purchase.days_ago <= 365]
    discounts = [p.order.discount_minor for p in year if p.order.discount_minor is not None]
    discounted = [p for p in known.purchases if (p.order.discount_minor or 0) > 0]
    recent, before = net(high=90) or 0, net(90, 180) or 0
    has_gross = any(p.net is not None for p in year)
    return {
        **{f"net_amount_{window}d": net(high=window) for window in (30, 90, 180, 365)},
        "net_amount": net(),
        "gross_amount_365d": gross(365),
        "gross_amount": gross(),
        "net_amount_next_90d_last_year": net(274, 364),
        "amount_trend_90d": _over(recent - before, recent + before),
        "discount_share_365d": _over(sum(discounts), sum(discounts) + (gross(365) or 0))
        if discounts and has_gross
        else None,
        "discounted_order_share": _over(len(discounted), len(known.purchases)),
    }


def _baskets(known: Known) -> Vector:
    nets = [purchase.net for purchase in known.purchases if purchase.net is not None]
    year = [p.net for p in known.purchases if p.net is not None and p.days_ago <= 365]
    last = _largest(purchase.net for purchase in known.last)
    first_day = max((p.days_ago for p in known.purchases), default=None)
    repeat = [p for p in known.purchases if p.net is not None and p.days_ago != first_day]
    median = _nearest_rank(nets, 50)
    return {
        "mean_basket": _over(sum(nets), len(nets)),
        "mean_basket_365d": _over(sum(year), len(year)),
        "mean_repeat_day_amount": _over(sum(p.net or 0 for p in repeat), len({p.days_ago for p in repeat})),
        "first_basket": _largest(purchase.net for purchase in known.first),
        "last_basket": last,
        "smallest_basket": min(nets, default=None),
        "median_basket": median,
        "p90_basket": _nearest_rank(nets, 90),
        "largest_basket": max(nets, default=None),
        "last_basket_to_median": _over(last, median),
        "largest_basket_share": _over(max(nets, default=None), sum(nets)),
    }


def _returns(known: Known) -> Vector:
    ages = [age for age, _ in known.adjustments]
    touched = {item.order_id for _, item in known.adjustments}
    cancelled = {item.order_id for _, item in known.adjustments if item.kind == "CANCELLATION"}
    order_ids = [order.order_id for order in known.all_orders]
    return {
        "return_count": len(ages),
        "return_count_90d": _within(ages, 90),
        "return_count_365d": _within(ages, 365),
        "returned_amount": sum(item.amount_minor or 0 for _, item in known.adjustments),
        "returned_amount_365d": sum(item.amount_minor or 0 for age, item in known.adjustments if age <= 365),
        "returned_order_share": _over(sum(order_id in touched for order_id in order_ids), len(order_ids)),
        "cancelled_order_count": sum(order_id in cancelled for order_id in order_ids),
        "days_since_last_return": min(ages, default=None),
    }


def _assortment(known: Known) -> Vector:
    products = [(line.product_id, age) for age, line in known.lines if line.product_id is not None]
    categories = [(line.category, age) for age, line in known.lines if line.category is not None]
    days_of: dict[str, set[int]] = {}
    for product, age in products:
        days_of.setdefault(product, set()).add(age)
    rebought = [product for product, ages in days_of.items() if len(ages) > 1]
    popularity = Counter(category for category, _ in categories)
    vector: Vector = {
        "line_count": sum(p.order.line_count for p in known.purchases),
        "line_count_365d": sum(p.order.line_count for p in known.purchases if p.days_ago <= 365),
        "mean_lines_per_order": _over(sum(p.order.line_count for p in known.purchases), len(known.purchases)),
        "last_order_line_count": _largest(purchase.order.line_count for purchase in known.last),
        "product_count": len(days_of),
        "rebought_product_share": _over(len(rebought), len(days_of)),
        "category_count": len(popularity),
        "top_category_share": _over(max(popularity.values(), default=None), len(categories)),
    }
    for window in (90, 365):
        vector[f"product_count_{window}d"] = len({product for product, age in products if age <= window})
        vector[f"category_count_{window}d"] = len({category for category, age in categories if age <= window})
    return vector


def _channels(known: Known) -> Vector:
    channels = [purchase.channel for purchase in known.purchases]
    year = {purchase.channel for purchase in known.purchases if purchase.days_ago <= 365}
    stores = {purchase.order.store_id for purchase in known.purchases} - {None}
    return {
        "order_channel_count": len(set(channels)),
        "order_channel_count_365d": len(year),
        "digital_order_share": _over(sum(channel in ("WEB", "APP") for channel in channels), len(channels)),
        "store_order_share": _over(channels.count("STORE"), len(channels)),
        "store_count": len(stores),
        "first_order_channel": _last_channel(known.first),
        "last_order_channel": _last_channel(known.last),
        "is_multichannel": len(year) >= 2 if channels else None,
    }


def _season(known: Known) -> Vector:
    ages = [purchase.days_ago for purchase in known.purchases]
    weekdays = [(purchase.local.local_day + 3) % 7 for purchase in known.purchases]
    hours = [purchase.local.local_hour for purchase in known.purchases]
    now = known.now
    return {
        "weekday": (now.local_day + 3) % 7,
        "month": now.local_month % 12 + 1,
        "year_day": now.year_day,
        **{
            f"order_count_next_{window}d_last_year": sum(364 - window < age <= 364 for age in ages)
            for window in (30, 60, 90)
        },
        "weekend_order_share": _over(sum(weekday >= 5 for weekday in weekdays), len(weekdays)),
        "morning_order_share": _over(sum(hour < 12 for hour in hours), len(hours)),
        "evening_order_share": _over(sum(hour >= 18 for hour in hours), len(hours)),
        "busiest_weekday_share": _over(max(Counter(weekdays).values(), default=None), len(weekdays)),
    }


def _touchpoints(known: Known) -> Vector:
    def ages(*types: str) -> list[int]:
        return [age for age, event in known.touchpoints if not types or event.type in types]

    named = [(age, event.name) for age, event in known.touchpoints]
    return {
        "touchpoint_count": len(ages()),
        "touchpoint_count_30d": _within(ages(), 30),
        "touchpoint_count_90d": _within(ages(), 90),
        "touchpoint_trend_90d": _trend(ages(), 90),
        "days_since_last_touchpoint": min(ages(), default=None),
        "days_since_first_touchpoint": max(ages(), default=None),
        "touchpoint_channel_count_90d": len({event.channel for age, event in known.touchpoints if age <= 90}),
        "browse_count_30d": _within(ages("BROWSE"), 30),
        "browse_count_90d": _within(ages("BROWSE"), 90),
        "browse_day_count_90d": _within(set(ages("BROWSE")), 90),
        "browse_trend_90d": _trend(ages("BROWSE"), 90),
        "days_since_last_browse": min(ages("BROWSE"), default=None),
        "cart_count_30d": _within(ages("CART"), 30),
        "cart_count_90d": _within(ages("CART"), 90),
        "days_since_last_cart": min(ages("CART"), default=None),
        "campaign_count_30d": _within(ages("CAMPAIGN"), 30),
        "campaign_count_90d": _within(ages("CAMPAIGN"), 90),
        "campaign_response_count_90d": _within([age for age, name in named if name in RESPONSES], 90),
        "days_since_last_campaign": min(ages("CAMPAIGN"), default=None),
        "coupon_count_365d": _within([age for age, name in named if name in COUPONS], 365),
        "opt_out_count_365d": _within([age for age, name in named if name in OPT_OUTS], 365),
        "service_count_90d": _within(ages("SERVICE"), 90),
        "service_count_365d": _within(ages("SERVICE"), 365),
        "days_since_last_service": min(ages("SERVICE"), default=None),
        "feedback_count_365d": _within(ages("FEEDBACK"), 365),
    }


def _largest(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _last_channel(purchases: Sequence[Purchase]) -> str | None:
    code = _largest(purchase.channel_code for purchase in purchases)
    return None if code is None else str(list(Channel)[code])


def _within(ages: Iterable[int], window: int) -> int:
    return sum(age <= window for age in ages)


def _trend(ages: Sequence[int], window: int) -> float | None:
    recent, both = _within(ages, window), _within(ages, 2 * window)
    return _over(recent - (both - recent), both)


def _over(numerator: int | None, denominator: int | None) -> float | None:
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def _deviation(values: Sequence[int]) -> float | None:
    n = len(values)
    if n < 2:
        return None
    squares = sum(value * value for value in values)
    return math.sqrt((n * squares - sum(values) ** 2) / (n * (n - 1)))


def _nearest_rank(values: Sequence[int], percent: int) -> int | None:
    """The smallest value with at least `percent` per cent of the values at or below it."""
    if not values:
        return None
    rank = -(-percent * len(values) // 100)
    return sorted(values)[rank - 1]
