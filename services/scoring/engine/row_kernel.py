"""From feature vectors to predictions in one compiled loop over customers."""

from typing import NamedTuple

import numpy as np

from scoring.engine.blend import MOST
from scoring.engine.btyd import Floats
from scoring.engine.compiled import compiled
from scoring.engine.forest import Forest, Records, Singles
from scoring.engine.forest_kernel import Sets, add_raw_scores, ask_customer, ask_dates
from scoring.engine.row_formulas import (
    Habit,
    at_its_hour,
    at_least_two,
    blend_hazard,
    bound,
    clipped,
    cumulative,
    expected_amount,
    fill_log_survival,
    habit_of,
    larger,
    log_amount,
    log_at,
    probability_of,
    quantile,
    silent_for,
)
from scoring.engine.value import TAIL

CHURN, P10, P50, P90, EXPECTED, LOW, HIGH, LIFT, LOYALTY, WITHIN = range(10)
"""Columns of the result; from WITHIN on, P(order within each of the days asked for)."""


CONSTANTS = np.dtype(
    [
        *((name, np.int64) for name in (
            "order_count", "repeats", "last", "age", "silence", "mean_gap", "median_gap", "gap_deviation", "year_day",
            "weekday", "repeat_amount", "basket",
        )),
        *((name, np.float64) for name in (
            "r", "alpha", "a", "b", "p", "q", "prior", "horizon", "newest_quarter", "unit_minor", "loyalty_window",
            "hazard_weight", "value_weight", "value_middle", "value_shift",
        )),
        ("knows_season", np.bool_),
    ],
    align=True,
)  # fmt: skip
"""Where a feature vector has what the formulas need; the numbers of `spec`."""

CHOSEN = np.dtype([("position", np.int64), ("unit", np.float64)])
"""The features of the design: where they are, and what they are divided by."""


class Rules(NamedTuple):
    """What a model set knows beside its trees."""

    constants: Records  # one of CONSTANTS
    chosen: Records
    edges: Floats
    middles: Floats  # per interval: `Blend.hazard_middle` and `hazard_shift`
    shifts: Floats
    value_edges: Floats  # empty: no value model
    group_edges: Floats
    levels: Floats
    ratios: Floats


class Forests(NamedTuple):
    hazard: Forest
    value: Forest
    loyalty: Forest  # without trees: MBG/NBD answers


@compiled
def score_rows(
    matrix: Floats, rules: Rules, forests: Forests, horizon: float, clock: Floats, days: Floats,
    inputs: Singles, hazards: Floats, found: Floats,
) -> None:  # fmt: skip
    """Fills `found` (rows, WITHIN + days), NaN where nothing was ordered, and of the other rows the trees' `inputs`.

    `hazards` (rows, intervals) gets the log-odds of an order in each interval.
    """
    known = rules.constants[0]
    dates = np.empty((len(rules.edges) - 1, 7), dtype=np.float32)
    answers = np.empty(len(forests.hazard.questions), dtype=np.uint64)
    value_dates = np.empty((max(len(rules.value_edges) - 1, 0), 5), dtype=np.float32)
    value_answers = np.empty(len(forests.value.questions), dtype=np.uint64)
    curve, amounts = np.empty(len(dates)), np.empty(len(value_dates))
    year_day, weekday = np.nan, np.nan
    for number in range(len(matrix)):
        row = matrix[number]
        if not row[known.order_count] > 0.0:
            found[number] = np.nan
            continue
        if row[known.year_day] != year_day or row[known.weekday] != weekday:
            year_day, weekday = row[known.year_day], row[known.weekday]
            _fill_dates(rules, rules.edges, year_day, weekday, dates)
            _fill_dates(rules, rules.value_edges, year_day, weekday, value_dates)
            ask_dates(forests.hazard.questions, dates, answers)
            ask_dates(forests.value.questions, value_dates, value_answers)
        habit = _habit(rules, row)
        _fill_inputs(rules, row, habit, inputs[number])
        if len(forests.hazard.own):
            _fill_clocks(rules, row, dates)
            ask_customer(forests.hazard, dates, answers)
        hazards[number] = 0.0
        add_raw_scores(forests.hazard, inputs[number], answers, hazards[number])
        if known.hazard_weight > 0.0:
            blend_hazard(habit, rules.edges, known.hazard_weight, rules.middles, rules.shifts, hazards[number])
        fill_log_survival(hazards[number], curve)
        _answer(rules, curve, horizon, clock, days, found[number])
        found[number, LOYALTY] = np.nan
        if row[known.order_count] == 1.0:
            found[number, LOYALTY] = _loyalty(rules, forests.loyalty, row, habit, inputs[number], answers)
        if len(amounts):
            _fill_amounts(forests.value, inputs[number], value_answers, known.unit_minor, amounts)
            _value(rules, row, habit, amounts, horizon, curve, found[number])


@compiled
def _fill_dates(rules: Rules, edges: Floats, year_day: float, weekday: float, dates: Singles) -> None:
    known = rules.constants[0]
    for number in range(len(dates)):
        middle = (edges[number + 1] + edges[number]) / 2.0
        dates[number, 0] = middle
        dates[number, 1] = edges[number + 1] - edges[number]
        dates[number, 2] = (weekday + np.floor(edges[number])) % 7.0
        dates[number, 3] = (year_day + middle) % 365.25 if known.knows_season else 0.0
        dates[number, 4] = known.newest_quarter


@compiled
def _fill_clocks(rules: Rules, row: Floats, dates: Singles) -> None:
    known = rules.constants[0]
    for number in range(len(dates)):
        silence = row[known.silence] + rules.edges[number]
        dates[number, 5] = silence
        dates[number, 6] = silence - row[known.median_gap]


@compiled
def _habit(rules: Rules, row: Floats) -> Habit:
    known = rules.constants[0]
    last = row[known.last]
    age = larger(row[known.age], last)
    return habit_of(row[known.repeats], last, age, known.r, known.alpha, known.a, known.b)


@compiled
def _fill_inputs(rules: Rules, row: Floats, habit: Habit, inputs: Singles) -> None:
    known = rules.constants[0]
    for number in range(len(rules.chosen)):
        inputs[number] = row[rules.chosen[number].position] / rules.chosen[number].unit
    derived = len(rules.chosen)
    mean_gap, deviation = row[known.mean_gap], row[known.gap_deviation]
    inputs[derived] = habit.alive
    inputs[derived + 1] = silent_for(habit, known.horizon)
    inputs[derived + 2] = deviation / mean_gap
    inputs[derived + 3] = (row[known.silence] - mean_gap) / larger(deviation, 1.0)


@compiled
def _answer(rules: Rules, curve: Floats, horizon: float, clock: Floats, days: Floats, found: Floats) -> None:
    found[CHURN] = np.exp(log_at(rules.edges, curve, horizon))
    found[P10] = at_its_hour(quantile(rules.edges, curve, 0.1), clock)
    found[P50] = at_its_hour(quantile(rules.edges, curve, 0.5), clock)
    found[P90] = at_its_hour(quantile(rules.edges, curve, 0.9), clock)
    found[EXPECTED:LOYALTY] = np.nan
    for number in range(len(days)):
        found[WITHIN + number] = 1.0 - np.exp(log_at(rules.edges, curve, days[number]))


@compiled
def _loyalty(rules: Rules, forest: Forest, row: Floats, habit: Habit, inputs: Singles, answers: Sets) -> float:
    known = rules.constants[0]
    left = known.loyalty_window - (habit.start - known.alpha)
    if not left > 0.0:
        return 0.0
    if not len(forest.roots):
        return clipped(at_least_two(habit, row[known.repeats], known.a, known.b, left), 0.0, 1.0)
    raw = np.zeros(1)
    add_raw_scores(forest, inputs, answers[:0], raw)
    return probability_of(raw[0])


@compiled
def _fill_amounts(forest: Forest, inputs: Singles, answers: Sets, unit_minor: float, amounts: Floats) -> None:
    """Fills `amounts`: what the trees expect of each interval, minor units."""
    amounts[:] = 0.0
    add_raw_scores(forest, inputs, answers, amounts)
    for number in range(len(amounts)):
        amounts[number] = np.exp(amounts[number]) * unit_minor


@compiled
def _value(
    rules: Rules, row: Floats, habit: Habit, amounts: Floats, horizon: float, curve: Floats, found: Floats
) -> None:
    known = rules.constants[0]
    lift = 0.0
    if known.value_weight > 0.0:
        spent = expected_amount(row[known.repeats], row[known.repeat_amount], row[known.basket],
                                known.p, known.q, known.prior)  # fmt: skip
        distance = log_amount(habit, spent) - np.log(amounts.sum()) - known.value_middle
        if distance == distance:
            lift = known.value_weight * clipped(distance, -MOST, MOST) + known.value_shift
    expected = cumulative(amounts, rules.value_edges, horizon) * np.exp(lift)
    no_order = np.exp(log_at(rules.edges, curve, horizon))
    found[LIFT] = lift
    found[EXPECTED] = expected
    low = bound(expected, no_order, TAIL, rules.group_edges, rules.levels, rules.ratios)
    found[LOW] = low if low < expected else expected
    highest = 1.0 - TAIL if no_order < TAIL else 1.0 - 2.0 * TAIL
    found[HIGH] = bound(expected, no_order, highest, rules.group_edges, rules.levels, rules.ratios)
