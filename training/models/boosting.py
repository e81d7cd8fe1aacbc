"""Fits the trees: hazard of the next order and net amount, per interval."""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightgbm import Booster

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Flags, Floats, MbgNbd
from scoring.engine.design import (
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

_QUARTER_DAYS = 91.0
COLUMNS = FeatureColumns(list(FEATURE_NAMES))


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


def prepare(
    learning: LearningSet, design: Design, btyd: MbgNbd, *, horizon_days: int, recipe: Recipe, seed: int,
    knows_season: bool,
) -> Workbench:  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        inputs = model_inputs(learning.matrix, COLUMNS, design, btyd, horizon_days)
    return Workbench(
        learning=learning, inputs=inputs, design=design, btyd=btyd, recipe=recipe, seed=seed, knows_season=knows_season
    )


def fit_hazards(bench: Workbench, edges: tuple[int, ...], pool: Executor) -> list[Booster]:
    """Two boosters, one that may see how the level moved over the last quarters and one that may not: with a year or
    two of history, trend and season cannot be told apart, so neither explanation gets all the weight."""
    grid = np.asarray(edges, dtype=np.float64)
    learning = bench.learning
    rows, intervals = np.nonzero(_exposed(learning, grid))
    wait = learning.wait_days[rows]
    came = (wait >= grid[intervals]) & (wait < grid[intervals + 1])
    chosen = _sample(len(rows), bench.recipe.hazard_rows, bench.seed)
    rows, intervals, came = rows[chosen], intervals[chosen], came[chosen]

    def grown(number: int, sees_trend: bool) -> Booster:
        data = _joined(bench, grid, rows, intervals, sees_trend=sees_trend)
        parameters = bench.recipe.hazard_parameters(bench.seed + number)
        return grow(bench, data, came, parameters, bench.recipe.hazard_trees)

    return list(pool.map(grown, (0, 1), (False, True)))


def fit_value(bench: Workbench) -> tuple[Booster, float] | None:
    """The net amount of each interval, and the unit it is fitted in; None when nothing was ever spent."""
    edges = np.asarray(bench.learning.value_edges, dtype=np.float64)
    passed = bench.learning.watched_days[:, None] >= edges[1:]
    rows, intervals = np.nonzero(passed)
    chosen = _sample(len(rows), bench.recipe.value_rows, bench.seed)
    rows, intervals = rows[chosen], intervals[chosen]
    amounts = np.maximum(bench.learning.amounts[rows, intervals], 0.0)
    if not amounts.any():
        return None
    unit = float(amounts.mean())
    data = _joined(bench, edges, rows, intervals, sees_trend=False)
    return grow(bench, data, amounts / unit, bench.recipe.value_parameters(bench.seed), bench.recipe.value_trees), unit


def _exposed(learning: LearningSet, grid: Floats) -> Flags:
    """(rows, intervals): the interval was watched to its end and no order had come before it."""
    watched = learning.watched_days[:, None] >= grid[1:]
    silent = ~(learning.wait_days[:, None] < grid[:-1])
    exposed: Flags = watched & silent
    return exposed


def _joined(
    bench: Workbench, grid: Floats, rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    intervals: np.ndarray[tuple[int], np.dtype[np.int64]], *, sees_trend: bool,
) -> Inputs:  # fmt: skip
    """The inputs of some (row, interval) pairs."""
    learning = bench.learning
    target_days_ago = learning.age_days[:, None] - (grid[1:] + grid[:-1]) / 2.0
    quarter = np.minimum(np.floor(-target_days_ago / _QUARTER_DAYS), NEWEST_QUARTER) if sees_trend else None
    targets = target_inputs(learning.matrix, COLUMNS, grid, knows_season=bench.knows_season, quarter=quarter)
    width = bench.inputs.shape[1]
    joined = np.empty((len(rows), width + len(TARGET_INPUTS)), dtype=np.float32)
    np.take(bench.inputs, rows, axis=0, out=joined[:, :width], mode="clip")
    joined[:, width:] = targets[rows, intervals]
    return joined


def _sample(size: int, limit: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if size <= limit:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, limit, replace=False))


def grow(bench: Workbench, inputs: Inputs, label: Flags | Floats, parameters: dict[str, Any], trees: int) -> Booster:
    """`inputs` are those of the bench, with or without those of a target beside them."""
    names = [*bench.design.features, *DERIVED, *TARGET_INPUTS][: inputs.shape[1]]
    return bench.recipe.engine.grow(
        Growth(
            inputs=inputs, label=label.astype(np.float64), start=None, names=names, parameters=parameters, trees=trees
        )
    )
