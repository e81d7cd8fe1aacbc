"""Fits the trees: hazard of the next order and net amount, per interval."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from lightgbm import Booster

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Flags, Floats, MbgNbd, Positions
from scoring.engine.design import (
    CLOCKS,
    DERIVED,
    NEWEST_QUARTER,
    TARGET_INPUTS,
    FeatureColumns,
    Inputs,
    model_inputs,
    target_inputs,
)  # fmt: skip
from scoring.engine.spec import Design
from training.data.engine import Growth
from training.data.learning import LearningSet
from training.recipe import Recipe

_QUARTER_DAYS, _MONTH_DAYS, _MONTHS = 91.0, 30.4, 6
COLUMNS = FeatureColumns(list(FEATURE_NAMES))


class Trend(StrEnum):
    """What a hazard may see of how the level moved, told in quarters back; in predictions it is always the newest."""

    NONE = "none"
    QUARTERS = "quarters"  # of the target
    MONTHS = "months"  # the last six
    CUTOFFS = "cutoffs"  # when the customer was looked at, as finely as it pays


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What every fit shares: the rows, their inputs, and how they were made."""

    learning: LearningSet
    inputs: Inputs
    design: Design
    btyd: MbgNbd
    recipe: Recipe
    seed: int
    knows_season: bool
    keeps_dates: bool


def prepare(
    learning: LearningSet, design: Design, btyd: MbgNbd, *, horizon_days: int, recipe: Recipe, seed: int,
    knows_season: bool, keeps_dates: bool,
) -> Workbench:  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        inputs = model_inputs(learning.matrix, COLUMNS, design, btyd, horizon_days)
    return Workbench(
        learning=learning, inputs=inputs, design=design, btyd=btyd, recipe=recipe, seed=seed, knows_season=knows_season,
        keeps_dates=keeps_dates,
    )  # fmt: skip


def grow_hazards(bench: Workbench, edges: tuple[int, ...], pool: Executor) -> list[Future[Booster]]:
    """So many boosters as the recipe says, each of examples of its own and with another idea of the level: with a year
    or two of history, trend and season cannot be told apart, so no explanation gets all the weight."""
    grid = np.asarray(edges, dtype=np.float64)
    learning, recipe, trends = bench.learning, bench.recipe, list(Trend)
    exposed = np.nonzero(exposure(learning, grid))

    def grown(number: int) -> Booster:
        rows, intervals = _drawn(exposed, recipe.hazard_rows, bench.seed + number)
        wait = learning.wait_days[rows]
        came = (wait >= grid[intervals]) & (wait < grid[intervals + 1])
        data = _joined(bench, grid, rows, intervals, trend=trends[number % len(trends)], keeps_dates=bench.keeps_dates)
        return grow(bench, data, came, recipe.hazard_parameters(bench.seed + number), recipe.hazard_trees)

    return [pool.submit(grown, number) for number in range(recipe.hazards)]


def grow_values(bench: Workbench, pool: Executor) -> tuple[list[Future[Booster]], float] | None:
    """Of the net amount of each interval, and the unit it is fitted in; None when nothing was ever spent."""
    learning, recipe = bench.learning, bench.recipe
    edges = np.asarray(learning.value_edges, dtype=np.float64)
    passed = np.nonzero(learning.watched_days[:, None] >= edges[1:])
    spent = np.maximum(learning.amounts[passed], 0.0)
    if not spent.any():
        return None
    unit = float(spent.mean())

    def grown(number: int) -> Booster:
        rows, intervals = _drawn(passed, recipe.value_rows, bench.seed + number)
        amounts = np.maximum(learning.amounts[rows, intervals], 0.0)
        data = _joined(bench, edges, rows, intervals, trend=Trend.NONE)
        return grow(bench, data, amounts / unit, recipe.value_parameters(bench.seed + number), recipe.value_trees)

    return [pool.submit(grown, number) for number in range(recipe.values)], unit


def exposure(learning: LearningSet, grid: Floats) -> Flags:
    """(rows, intervals): the interval was watched to its end and no order had come before it."""
    watched = learning.watched_days[:, None] >= grid[1:]
    silent = ~(learning.wait_days[:, None] < grid[:-1])
    exposed: Flags = watched & silent
    return exposed


def _joined(
    bench: Workbench, grid: Floats, rows: Positions, intervals: Positions, *, trend: Trend, keeps_dates: bool = False
) -> Inputs:
    """The inputs of some (row, interval) pairs."""
    learning = bench.learning
    targets = target_inputs(
        learning.matrix, COLUMNS, grid, knows_season=bench.knows_season, keeps_dates=keeps_dates,
        quarter=_quarters(learning, grid, trend),
    )  # fmt: skip
    width = bench.inputs.shape[1]
    joined = np.empty((len(rows), width + targets.shape[2]), dtype=np.float32)
    np.take(bench.inputs, rows, axis=0, out=joined[:, :width], mode="clip")
    joined[:, width:] = targets[rows, intervals]
    return joined


def _quarters(learning: LearningSet, grid: Floats, trend: Trend) -> Floats | None:
    """(rows, intervals): when the target lies, as far as it may be seen; None: not at all."""
    target_days_ago = learning.age_days[:, None] - (grid[1:] + grid[:-1]) / 2.0
    match trend:
        case Trend.NONE:
            return None
        case Trend.QUARTERS:
            return np.minimum(np.floor(-target_days_ago / _QUARTER_DAYS), NEWEST_QUARTER)
        case Trend.MONTHS:
            return np.clip(np.floor(-target_days_ago / _MONTH_DAYS), -_MONTHS, NEWEST_QUARTER)
        case Trend.CUTOFFS:
            ago = NEWEST_QUARTER - learning.age_days / _QUARTER_DAYS
            return np.broadcast_to(ago[:, None], target_days_ago.shape)


def _drawn(examples: tuple[Positions, ...], limit: int, seed: int) -> tuple[Positions, ...]:
    """(rows, intervals): at most so many of the examples, in their order."""
    size = len(examples[0])
    if size <= limit:
        return examples
    chosen = np.sort(np.random.default_rng(seed).choice(size, limit, replace=False))
    return tuple(positions[chosen] for positions in examples)


def grow(bench: Workbench, inputs: Inputs, label: Flags | Floats, parameters: dict[str, Any], trees: int) -> Booster:
    """`inputs` are those of the bench, with or without those of a target beside them."""
    names = [*bench.design.features, *DERIVED, *TARGET_INPUTS, *CLOCKS][: inputs.shape[1]]
    return bench.recipe.engine.grow(
        Growth(
            inputs=inputs, label=label.astype(np.float64), start=None, names=names, parameters=parameters, trees=trees
        )
    )
