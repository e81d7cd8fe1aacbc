"""The formulas of `btyd`, `blend`, `distribution`, `hours` and `value` for one customer, compiled.

Those modules are the reference, and what training uses; a model set is served by these only after both have given the
same answers (`fast_scores`).
"""

from typing import NamedTuple

import numpy as np

from scoring.engine.blend import LEAST, MOST_ODDS
from scoring.engine.btyd import Floats
from scoring.engine.compiled import compiled
from scoring.engine.distribution import LONGEST_DAYS, TINY


class Habit(NamedTuple):
    """MBG/NBD of one customer: P(alive), the Gamma's shape, and alpha + age in days."""

    alive: float
    shape: float
    start: float


@compiled
def larger(left: float, right: float) -> float:
    """np.maximum: NaN when either is."""
    return left if left > right or left != left else right


@compiled
def clipped(value: float, low: float, high: float) -> float:
    """np.clip: NaN stays NaN."""
    if value < low:
        return low
    return high if value > high else value


@compiled
def probability_of(odds: float) -> float:
    return float(0.5 * (1.0 + np.tanh(0.5 * odds)))


@compiled
def habit_of(repeats: float, last: float, age: float, r: float, alpha: float, a: float, b: float) -> Habit:
    growth = (r + repeats) * np.log((alpha + age) / (alpha + last))
    return Habit(1.0 / (1.0 + a / (b + repeats) * np.exp(growth)), r + repeats, alpha + age)


@compiled
def waits(habit: Habit, days: float) -> float:
    """P(no order within `days`) of a customer known to be alive."""
    return float(np.exp(habit.shape * np.log(habit.start / (habit.start + days))))


@compiled
def silent_for(habit: Habit, days: float) -> float:
    return 1.0 - habit.alive * (1.0 - waits(habit, days))


@compiled
def blend_hazard(habit: Habit, edges: Floats, weight: float, middles: Floats, shifts: Floats, hazard: Floats) -> None:
    """Mixes what MBG/NBD says into the trees' log-odds; leaves them alone where it says nothing."""
    before = 0.0
    for number in range(len(hazard)):
        after = np.log(clipped(silent_for(habit, edges[number + 1]), TINY, 1.0 - TINY))
        formula = np.log(np.expm1(larger(before - after, LEAST)))
        if formula == formula:
            distance = clipped(formula - hazard[number] - middles[number], -MOST_ODDS, MOST_ODDS)
            hazard[number] += weight * distance + shifts[number]
        before = after


@compiled
def expected_amount(repeats: float, repeat_mean: float, basket: float, p: float, q: float, prior: float) -> float:
    """What a purchase day of this customer is worth, by Gamma-Gamma."""
    once = not repeats > 0.0
    mean = basket if once else repeat_mean
    if mean != mean:
        return prior
    seen = 1.0 if once else repeats
    weight = p * seen / (p * seen + q - 1.0)
    return (1.0 - weight) * prior + weight * mean


@compiled
def log_amount(habit: Habit, spent: float) -> float:
    """The log of the amount of a day, of who has not left."""
    return float(np.log(larger(habit.alive * habit.shape / habit.start * spent, 1e-12)))


@compiled
def at_least_two(habit: Habit, repeats: float, a: float, b: float, days: float) -> float:
    none = waits(habit, days)
    one = habit.shape * days / (habit.start + days) * none
    stays = (b + repeats + 1.0) / (a + b + repeats + 1.0)
    return habit.alive * stays * (1.0 - none - one)


@compiled
def fill_log_survival(hazard: Floats, log_survival: Floats) -> None:
    """log S at each edge but the first, from the log-odds of an order in each interval."""
    total = 0.0
    for number in range(len(hazard)):
        total -= larger(hazard[number], 0.0) + np.log1p(np.exp(-abs(hazard[number])))
        log_survival[number] = total


@compiled
def interval_of(edges: Floats, days: float) -> int:
    """The interval that holds `days`, its upper edge included; the last one also beyond its end."""
    found = 0
    while found < len(edges) - 2 and edges[found + 1] < days:
        found += 1
    return found


@compiled
def log_at(edges: Floats, log_survival: Floats, days: float) -> float:
    interval = interval_of(edges, days)
    start = log_survival[interval - 1] if interval else 0.0
    share = (days - edges[interval]) / (edges[interval + 1] - edges[interval])
    return float(start + share * (log_survival[interval] - start))


@compiled
def quantile(edges: Floats, log_survival: Floats, level: float) -> float:
    target, interval = np.log1p(-level), 0
    while interval < len(edges) - 2 and log_survival[interval] > target:
        interval += 1
    start = log_survival[interval - 1] if interval else 0.0
    share = (start - target) / larger(start - log_survival[interval], 1e-12)
    days = edges[interval] + share * (edges[interval + 1] - edges[interval])
    return LONGEST_DAYS if days > LONGEST_DAYS else float(days)


@compiled
def at_its_hour(days: float, clock: Floats) -> float:
    whole = np.floor(days)
    share, hour = days - whole, 0
    while hour < len(clock) - 2 and clock[hour + 1] <= share:
        hour += 1
    inside = (share - clock[hour]) / (clock[hour + 1] - clock[hour])
    return float(whole + (hour + inside) / (len(clock) - 1))


@compiled
def cumulative(amounts: Floats, edges: Floats, days: float) -> float:
    """The amount expected within `days`, at most the last edge, from the amounts per interval."""
    interval = interval_of(edges, days)
    total = 0.0
    for number in range(interval):
        total += amounts[number]
    share = (days - edges[interval]) / (edges[interval + 1] - edges[interval])
    return float(total + share * amounts[interval])


@compiled
def bound(expected: float, no_order: float, level: float, group_edges: Floats, levels: Floats, ratios: Floats) -> float:
    """The amount that is not exceeded with probability `level`; `ratios` has one row per group."""
    chance = larger(1.0 - no_order, 1e-6)
    inside = (level - no_order) / chance
    if inside <= 0.0:
        return 0.0
    group = 0
    while group < len(group_edges) and not group_edges[group] > no_order:
        group += 1
    wanted = clipped(inside, levels[0], levels[-1])
    left = 0
    while left < len(levels) - 2 and not levels[left + 1] > wanted:
        left += 1
    share = (wanted - levels[left]) / (levels[left + 1] - levels[left])
    ratio = ratios[group, left] * (1.0 - share) + ratios[group, left + 1] * share
    return float(expected / chance * ratio)
