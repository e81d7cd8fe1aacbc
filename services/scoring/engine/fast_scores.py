"""A model set's predictions in one compiled loop: no cost per numpy or LightGBM call, the same numbers.

What it cannot do (baselines, trees of other kinds, values beyond the trained intervals) is left to `ModelSet`.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from customer.features.definitions import FEATURE_BY_NAME
from customer.features.feature import Kind
from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine.btyd import Flags, Floats
from scoring.engine.design import DERIVED, NEWEST_QUARTER, Inputs
from scoring.engine.explanation import Reasons
from scoring.engine.forest import MOST_DATES, forest_of
from scoring.engine.row_kernel import (
    CHOSEN,
    CHURN,
    CONSTANTS,
    EXPECTED,
    HIGH,
    LIFT,
    LOW,
    LOYALTY,
    P10,
    P50,
    P90,
    WITHIN,
    Forests,
    Rules,
    score_rows,
)  # fmt: skip
from scoring.engine.scores import Scores
from scoring.engine.spec import ModelSetSpec
from scoring.engine.trees import UnsupportedTreesError
from scoring.engine.value import ValueEstimate

if TYPE_CHECKING:
    from lightgbm import Booster

_ROWS_WORTH_A_THREAD = 500
_PLACES = {
    "order_count": "order_count",
    "repeats": "repeat_count",
    "last": "days_first_to_last_order",
    "age": "days_since_first_order",
    "silence": "days_since_last_order",
    "mean_gap": "mean_gap_days",
    "median_gap": "median_gap_days",
    "gap_deviation": "gap_deviation_days",
    "year_day": "year_day",
    "weekday": "weekday",
    "repeat_amount": "mean_repeat_day_amount",
    "basket": "mean_basket",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FastColumns:
    """Of every row: the columns that `row_kernel` names; where orders are, the trees' inputs and the hazards."""

    found: Floats
    days: Floats
    inputs: Inputs
    hazards: Floats

    @property
    def lift(self) -> Floats:
        """What the formulas added to the log of the amounts."""
        return self.found[:, LIFT]

    def scores(
        self, horizon: int, ordered: Flags, clock: Floats, reasons: Reasons | None, *, has_value: bool
    ) -> Scores:
        value = ValueEstimate(expected=self.found[:, EXPECTED], low=self.found[:, LOW], high=self.found[:, HIGH])
        return Scores(
            horizon_days=horizon,
            has_orders=ordered,
            churn=self.found[:, CHURN],
            p10_days=self.found[:, P10],
            p50_days=self.found[:, P50],
            p90_days=self.found[:, P90],
            clock=clock,
            days=self.days,
            within=self.found[:, WITHIN:],
            value=value if has_value else None,
            loyalty=self.found[:, LOYALTY],
            reasons=reasons,
        )


class FastScores:
    """One model set's trees and numbers, laid out for `score_rows`."""

    def __init__(self, spec: ModelSetSpec, boosters: Mapping[str, Sequence["Booster"]]) -> None:
        """Raises UnsupportedTreesError when they cannot be."""
        self._rules = _rules(spec)
        self._width = len(spec.design.features) + len(DERIVED)
        has_value = spec.value is not None
        self._forests = Forests(
            hazard=forest_of(boosters["next_purchase"], static=self._width),
            value=forest_of(boosters["value"] if has_value else [], static=self._width),
            loyalty=forest_of(boosters.get("loyalty", []), static=self._width),
        )
        self._farthest = self._rules.value_edges[-1] if has_value else np.inf
        self._days = lru_cache(maxsize=64)(self._days_of)

    def reaches(self, horizon: int) -> bool:
        """Whether predictions for this horizon can be made here."""
        return bool(horizon <= self._farthest)

    def columns(self, matrix: Floats, *, horizon: int, clock: Floats, threads: int = 1) -> FastColumns:
        """Predictions of a matrix in the declared order of the features; `clock` as in `hours`."""
        days, rows = self._days(horizon), np.ascontiguousarray(matrix)
        columns = FastColumns(
            found=np.empty((len(rows), WITHIN + len(days))),
            days=days,
            inputs=np.empty((len(rows), self._width), dtype=np.float32),
            hazards=np.empty((len(rows), len(self._rules.edges) - 1)),
        )
        if threads == 1 or len(rows) < _ROWS_WORTH_A_THREAD * threads:
            self._fill(rows, float(horizon), clock, columns, slice(None))
            return columns
        edges = np.linspace(0, len(rows), threads + 1, dtype=int).tolist()
        parts = [slice(start, end) for start, end in pairwise(edges)]
        with ThreadPoolExecutor(threads) as pool:  # the loop runs without Python's lock
            list(pool.map(lambda part: self._fill(rows, float(horizon), clock, columns, part), parts))
        return columns

    def _fill(self, rows: Floats, horizon: float, clock: Floats, columns: FastColumns, part: slice) -> None:
        score_rows(
            rows[part], self._rules, self._forests, horizon, clock, columns.days, columns.inputs[part],
            columns.hazards[part], columns.found[part],
        )  # fmt: skip

    def _days_of(self, horizon: int) -> Floats:
        days: Floats = np.union1d(self._rules.edges[1:], [float(horizon)])
        days.flags.writeable = False
        return days


def _rules(spec: ModelSetSpec) -> Rules:
    _refuse_what_is_not_modelled(spec)
    position = {name: number for number, name in enumerate(spec.columns)}
    money = [Kind.SCALED in FEATURE_BY_NAME[name].kinds for name in spec.design.features]
    units = np.where(money, spec.design.money_unit_minor, 1.0)
    value = spec.value
    constants = np.zeros(1, dtype=CONSTANTS)
    for name, feature in _PLACES.items():
        constants[name] = position[feature]
    for name in ("r", "alpha", "a", "b"):
        constants[name] = getattr(spec.btyd, name)
    if spec.spending is not None:
        for name in ("p", "q", "prior"):
            constants[name] = getattr(spec.spending, name)
    if spec.blend is not None:
        for name in ("hazard_weight", "value_weight", "value_middle", "value_shift"):
            constants[name] = getattr(spec.blend, name)
    constants["horizon"], constants["newest_quarter"] = spec.horizon_days, NEWEST_QUARTER
    constants["knows_season"] = spec.grid.knows_season
    constants["unit_minor"] = value.unit_minor if value else 1.0
    constants["loyalty_window"] = spec.loyalty_window_days
    return Rules(
        constants=constants,
        chosen=np.array(
            [(position[name], unit) for name, unit in zip(spec.design.features, units, strict=True)], dtype=CHOSEN
        ),
        edges=np.array(spec.grid.edges, dtype=np.float64),
        middles=np.array(spec.blend.hazard_middle if spec.blend else [], dtype=np.float64),
        shifts=np.array(spec.blend.hazard_shift if spec.blend else [], dtype=np.float64),
        value_edges=np.array(value.edges if value else [], dtype=np.float64),
        group_edges=np.array(value.group_edges if value else [], dtype=np.float64),
        levels=np.array(value.levels if value else [], dtype=np.float64),
        ratios=np.array(value.ratios if value else [[]], dtype=np.float64),
    )


def _refuse_what_is_not_modelled(spec: ModelSetSpec) -> None:
    if spec.basis.get(PredictionKind.NEXT_PURCHASE) != PredictionBasis.MODEL:
        raise UnsupportedTreesError("the next purchase is a baseline's")
    if spec.value is not None and (
        spec.spending is None or spec.basis.get(PredictionKind.VALUE) != PredictionBasis.MODEL
    ):
        raise UnsupportedTreesError("the value is a baseline's")
    if max(len(spec.grid.edges), len(spec.value.edges) if spec.value else 0) - 1 > MOST_DATES:
        raise UnsupportedTreesError(f"the grid has more than {MOST_DATES} dates")
