"""The inner loops of `tree_shap`, compiled.

What a leaf contributes depends on a customer's inputs by one set of bits, and on the date by another, whose few
patterns hold for whole sets of dates. So nothing is done once per date but summing up at the end. The loops go leaf by
leaf, and within a leaf customer by customer, so that the leaf's table stays close to the processor.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.engine.btyd import Flags, Floats
from scoring.engine.compiled import compiled
from scoring.engine.forest import Record, Records, Singles
from scoring.engine.forest_kernel import Sets

BLOCK = 128
"""Customers at a time, so that what is summed up for them stays close, too."""

MOST_DATED = 8
"""Conditions on the date that a path may hold, one for each date input: as many bits as a pattern has."""

Bits = npt.NDArray[np.uint16]
Patterns = npt.NDArray[np.uint8]
Cubes = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
"""Per date input, the column of its contributions; below zero: it passes with the time."""

CONDITION = np.dtype(
    [("low", np.float64), ("high", np.float64), ("input", np.int32), ("question", np.int32), ("missing", np.bool_)],
    align=True,
)
"""What a path asks of one input: low < x <= high, or, of a missing value, `missing`. `question`: its number among the
different conditions on the date."""

LEAF = np.dtype([("start", np.int64), ("dated", np.int64), ("end", np.int64), ("table", np.int64)])
"""A leaf's conditions [start, end), those on the date from `dated` on, and where its table begins."""


class Tables(NamedTuple):
    """One booster; inputs from `static` on tell the date."""

    static: int
    leaves: Records
    conditions: Records
    questions: Records  # CONDITION; input counts from the first date input
    table: Floats


@compiled
def answer_dates(tables: Tables, dates: Singles, answers: Sets) -> None:
    """Per condition on the date, the set of `dates` (dates, inputs) that meet it."""
    for number in range(len(tables.questions)):
        asked = tables.questions[number]
        met = np.uint64(0)
        for date in range(len(dates)):
            met |= np.uint64(_holds(asked, dates[date, asked.input])) << np.uint64(date)
        answers[number] = met


@compiled
def pass_time(
    tables: Tables, inputs: Singles, dates: Cubes, kept: Places, answers: Sets, bits: Bits, found: Floats
) -> None:
    """Adds to `found` (rows, dates) what the inputs in `dates` (rows, dates, inputs) but those `kept` contribute.

    Remembers in `answers` (rows, questions) and `bits` (leaves, rows) what `weigh` needs.
    """
    for row in range(len(inputs)):
        if row and np.array_equal(dates[row], dates[row - 1]):
            answers[row] = answers[row - 1]
        else:
            answer_dates(tables, dates[row], answers[row])
    conditions, table = tables.conditions, tables.table
    if_met, if_not = np.zeros(answers.shape), np.zeros(answers.shape)
    is_news, patterns, amounts = _news(answers), np.empty(found.shape[1], dtype=np.uint8), np.empty(1 << MOST_DATED)
    for first in range(0, len(inputs), BLOCK):
        last = min(first + BLOCK, len(inputs))
        for number in range(len(tables.leaves)):
            leaf = tables.leaves[number]
            for row in range(first, last):
                met = np.int64(0)
                for at in range(leaf.start, leaf.dated):
                    met |= np.int64(_holds(conditions[at], inputs[row, conditions[at].input])) << (at - leaf.start)
                bits[number, row] = met
            if leaf.end - leaf.dated == 1 and kept[conditions[leaf.dated].input - tables.static] < 0:
                question, size, column = conditions[leaf.dated].question, leaf.end - leaf.start, leaf.dated - leaf.start
                for row in range(first, last):
                    entry = leaf.table + bits[number, row] * size + column
                    if_not[row, question] += table[entry]
                    if_met[row, question] += table[entry + (size << column)]
            elif leaf.end - leaf.dated > 1:
                for row in range(first, last):
                    if row == first or is_news[row]:
                        _sort_dates(conditions, leaf, answers[row], patterns)
                    _pass_leaf(tables, leaf, bits[number, row], kept, amounts)
                    for date in range(len(patterns)):
                        found[row, date] += amounts[patterns[date]]
    for row in range(len(inputs)):
        for question in range(answers.shape[1]):
            for date in range(found.shape[1]):
                is_met = (answers[row, question] >> np.uint64(date)) & np.uint64(1)
                found[row, date] += if_met[row, question] if is_met else if_not[row, question]


@compiled
def weigh(tables: Tables, answers: Sets, bits: Bits, weights: Floats, kept: Places, found: Floats) -> None:
    """Adds to `found` (rows, static + kept) the contributions at each date times its weight (rows, dates).

    Those of the customers' inputs first, then those of the date inputs `kept`.
    """
    if_met, total = np.empty(answers.shape), np.empty(len(weights))
    for row in range(len(weights)):
        total[row] = weights[row].sum()
        for question in range(answers.shape[1]):
            if_met[row, question] = _total(weights[row], answers[row, question])
    conditions, table = tables.conditions, tables.table
    is_news, patterns, shares = _news(answers), np.empty(weights.shape[1], dtype=np.uint8), np.empty(1 << MOST_DATED)
    for first in range(0, len(weights), BLOCK):
        last = min(first + BLOCK, len(weights))
        for number in range(len(tables.leaves)):
            leaf = tables.leaves[number]
            size, dated = leaf.end - leaf.start, leaf.end - leaf.dated
            if dated == 0:
                for row in range(first, last):
                    entry = leaf.table + bits[number, row] * size - leaf.start
                    for at in range(leaf.start, leaf.end):
                        found[row, conditions[at].input] += total[row] * table[entry + at]
            elif dated == 1:  # the usual case by far; written out, for a call costs more than its work
                question, other = conditions[leaf.dated].question, size << (leaf.dated - leaf.start)
                place = kept[conditions[leaf.dated].input - tables.static]
                for row in range(first, last):
                    missed = leaf.table + bits[number, row] * size - leaf.start
                    met, weight = missed + other, if_met[row, question]
                    rest = total[row] - weight
                    for at in range(leaf.start, leaf.dated):
                        found[row, conditions[at].input] += rest * table[missed + at] + weight * table[met + at]
                    if place >= 0:
                        found[row, place] += rest * table[missed + leaf.dated] + weight * table[met + leaf.dated]
            else:
                for row in range(first, last):
                    if row == first or is_news[row]:
                        _sort_dates(conditions, leaf, answers[row], patterns)
                    shares[: 1 << dated] = 0.0
                    for date in range(len(patterns)):
                        shares[patterns[date]] += weights[row, date]
                    for pattern in range(1 << dated):
                        _add_leaf(tables, leaf, bits[number, row], pattern, shares[pattern], kept, found[row])


@compiled
def _news(answers: Sets) -> Flags:
    """Per row, whether its dates are others than those of the row before it."""
    found = np.ones(len(answers), dtype=np.bool_)
    for row in range(1, len(answers)):
        found[row] = not np.array_equal(answers[row], answers[row - 1])
    return found


@compiled
def _sort_dates(conditions: Records, leaf: Record, answers: Sets, patterns: Patterns) -> None:
    """Per date, which of the leaf's conditions on the date it meets, as bits."""
    patterns[:] = 0
    for at in range(leaf.dated, leaf.end):
        met = answers[conditions[at].question]
        for date in range(len(patterns)):
            patterns[date] |= np.uint8((met >> np.uint64(date)) & np.uint64(1)) << np.uint8(at - leaf.dated)


@compiled
def _pass_leaf(tables: Tables, leaf: Record, bits: int, kept: Places, amounts: Floats) -> None:
    """Per pattern of the conditions on the date, what the date inputs but those `kept` contribute to a leaf."""
    for pattern in range(1 << (leaf.end - leaf.dated)):
        entry = _entry(leaf, bits, pattern) - leaf.start
        amounts[pattern] = 0.0
        for at in range(leaf.dated, leaf.end):
            if kept[tables.conditions[at].input - tables.static] < 0:
                amounts[pattern] += tables.table[entry + at]


@compiled
def _add_leaf(
    tables: Tables, leaf: Record, bits: int, pattern: int, weight: float, kept: Places, found: Floats
) -> None:
    """Adds the contributions to one leaf at the dates of one pattern, which weigh `weight` together."""
    entry = _entry(leaf, bits, pattern)
    for at in range(leaf.start, leaf.dated):
        found[tables.conditions[at].input] += weight * tables.table[entry + at - leaf.start]
    for at in range(leaf.dated, leaf.end):
        place = kept[tables.conditions[at].input - tables.static]
        if place >= 0:
            found[place] += weight * tables.table[entry + at - leaf.start]


@compiled
def _holds(condition: Record, value: float) -> bool:
    return bool(((condition.low < value) & (value <= condition.high)) | ((value != value) & condition.missing))


@compiled
def _entry(leaf: Record, static_bits: int, pattern: int) -> int:
    return int(leaf.table + (np.int64(static_bits) | pattern << (leaf.dated - leaf.start)) * (leaf.end - leaf.start))


@compiled
def _total(weights: Floats, dates: np.uint64) -> float:
    total = 0.0
    for date in range(len(weights)):
        if (dates >> np.uint64(date)) & np.uint64(1):
            total += weights[date]
    return total
