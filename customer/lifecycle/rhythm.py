"""A customer's rhythm: the gaps between orders, and when silence becomes an alert and then a loss."""

from bisect import insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from customer.lifecycle.facts import GapReference, LifecycleFacts, OrderFact
from customer.lifecycle.occasions import OccasionWindow, occasion_windows
from customer.lifecycle.policy import LifecyclePolicy
from customer.vocabulary import AlertBasis

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """From `alert_at` the customer is lapsing, from `lost_at` lost, if no order comes before."""

    alert_at: datetime
    lost_at: datetime
    basis: AlertBasis


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` % of the values do not exceed; always one of the values."""
    return ordered[-(-percent * len(ordered) // 100) - 1]


@dataclass(slots=True)
class Rhythm:
    """What an ordered run of valid orders says about its customer; orders are added one by one, oldest first."""

    policy: LifecyclePolicy
    facts: LifecycleFacts
    orders: list[OrderFact] = field(default_factory=list)
    _gaps: list[int] = field(default_factory=list)
    _category_counts: Counter[str] = field(default_factory=Counter)
    _main_category: str | None = None
    _leading_count: int = 0

    def add(self, order: OrderFact) -> None:
        if self.orders and order.local_day != self.orders[-1].local_day:
            insort(self._gaps, order.local_day - self.orders[-1].local_day)
        self.orders.append(order)
        if order.category is not None:
            self._category_counts[order.category] += 1
            # Ties go to the category bought last, so reaching the highest count is enough to lead.
            if self._category_counts[order.category] >= self._leading_count:
                self._leading_count = self._category_counts[order.category]
                self._main_category = order.category

    def limits(self) -> SilenceLimits:
        """Alert and lost dates of the silence after the last order added."""
        return self._occasion_limits() or self._gap_limits()

    def _gap_limits(self) -> SilenceLimits:
        policy, last = self.policy, self.orders[-1]
        if len(self._gaps) >= policy.minimum_own_gaps:
            alert_days = nearest_rank(self._gaps, policy.alert_percentile)
            lost_days = nearest_rank(self._gaps, policy.lost_percentile)
            basis = AlertBasis.OWN
        else:
            alert_days, lost_days, basis = reference_limits(
                self.facts.references, last.local_month, self._main_category, policy
            )
        lost_days = max(lost_days, alert_days + policy.minimum_lapsing_days)
        return SilenceLimits(
            last.ordered_at + timedelta(days=alert_days), last.ordered_at + timedelta(days=lost_days), basis
        )

    def _occasion_limits(self) -> SilenceLimits | None:
        first, last = self.orders[0], self.orders[-1]
        years = last.local_date.year - first.local_date.year + 1
        if len(self.orders) > years * self.policy.festive.maximum_orders_a_year:
            return None  # the usual case, told without looking at every order
        if not is_festive(self.orders, self.policy):
            return None
        missed = next_own_windows(self.orders, self.policy)
        alert, lost = missed[self.policy.missed_occasions_alert - 1], missed[self.policy.missed_occasions_lost - 1]
        zone = self.facts.time_zone
        ends = [_start_of_day(window.last_day + 1).replace(tzinfo=zone).astimezone(UTC) for window in (alert, lost)]
        return SilenceLimits(max(ends[0], last.ordered_at), max(ends[1], last.ordered_at), AlertBasis.OCCASIONS)


def reference_limits(
    references: Mapping[tuple[int, str], GapReference], month: int, category: str | None, policy: LifecyclePolicy
) -> tuple[int, int, AlertBasis]:
    """Alert days, lost days and basis for somebody without enough gaps of their own."""
    own_category = references.get((month, category)) if category else None
    if own_category and own_category.gap_count >= policy.minimum_reference_gaps:
        return own_category.alert_days, own_category.lost_days, AlertBasis.CATEGORY
    brand = references.get((month, ""))
    if brand and brand.gap_count >= policy.minimum_reference_gaps:
        return brand.alert_days, brand.lost_days, AlertBasis.BRAND
    return policy.fallback_alert_days, policy.fallback_lost_days, AlertBasis.BRAND


def is_festive(orders: Sequence[OrderFact], policy: LifecyclePolicy) -> bool:
    """Whether these valid orders are those of somebody who buys for occasions and little else."""
    rule = policy.festive
    by_year = Counter(order.local_date.year for order in orders)
    if len(by_year) < rule.minimum_years or max(by_year.values()) > rule.maximum_orders_a_year:
        return False
    windows = occasion_windows(policy.occasions, first_year=min(by_year), last_year=max(by_year))
    inside = sum(any(_covers(window, order) for window in windows) for order in orders)
    return inside * 100 >= rule.minimum_share_percent * len(orders)


def next_own_windows(orders: Sequence[OrderFact], policy: LifecyclePolicy) -> list[OccasionWindow]:
    """The coming windows, after the last order, of the occasions this customer has ever bought for."""
    last = orders[-1]
    first_year, last_year = orders[0].local_date.year, last.local_date.year + policy.missed_occasions_lost + 1
    windows = occasion_windows(policy.occasions, first_year=first_year, last_year=last_year)
    own = {window.key for window in windows for order in orders if _covers(window, order)}
    return [window for window in windows if window.key in own and window.first_day > last.local_day]


def _covers(window: OccasionWindow, order: OrderFact) -> bool:
    return window.first_day <= order.local_day <= window.last_day


def _start_of_day(local_day: int) -> datetime:
    # The caller attaches the time zone: midnight is a wall-clock time, and a day may have 23 or 25 hours.
    return datetime.combine(_EPOCH + timedelta(days=local_day), time())
