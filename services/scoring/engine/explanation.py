"""Why a prediction is what it is: exact additive contributions of the inputs, by LightGBM's SHAP values.

A churn probability is the hazard's survival at the horizon: a function of one sum of contributions per interval. Along
the straight line from the mean customer to this one such a function splits over its summands in proportion
(Aumann-Shapley), interval by interval, and once more from log-survival to log-odds. So everything adds up exactly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from customer.money import minor_digits
from scoring.engine.btyd import Floats
from scoring.engine.contributor import Contributor
from scoring.engine.design import (
    CLOCKS,
    DERIVED,
    TARGET_INPUTS,
    FeatureColumns,
    Inputs,
    target_inputs,
)  # fmt: skip
from scoring.engine.distribution import log_survival
from scoring.engine.spec import ModelSetSpec

if TYPE_CHECKING:
    from lightgbm import Booster

SEASON, FORMULA, FORMULA_AMOUNT = "season", "btyd_silent_through_horizon", "btyd_amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """`base[i] + values[i].sum()` is the prediction: log-odds of churn, or log of the expected value.

    `names` are features, DERIVED inputs, SEASON, CLOCKS or FORMULA_AMOUNT; what MBG/NBD itself says of the hazard is
    with FORMULA. `inputs` holds the features' own values for display, of the first names.
    """

    names: list[str]
    base: Floats
    values: Floats
    inputs: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Of the rows with orders, in their order. `money_digits` are the decimals of the currency."""

    count: int
    money_digits: int
    churn: Contributions | None
    value: Contributions | None
    loyalty: Contributions | None = None  # zero for who has more than one order


class Explainer:
    """Explains the predictions of one model set."""

    def __init__(self, spec: ModelSetSpec, boosters: dict[str, list["Booster"]]) -> None:
        self._spec = spec
        self._boosters = boosters
        self._columns = FeatureColumns(spec.columns)
        self._names = [*spec.design.features, *DERIVED, SEASON]
        self._contributors: dict[str, list[Contributor]] | None = None

    def reasons(self, rows: Floats, inputs: Inputs, hazard: Floats | None, lift: Floats | None, count: int) -> Reasons:
        """`hazard` (rows, intervals): the log-odds of an order in each interval; `lift`: what the formulas added to the
        log of the amounts. None when a baseline's."""
        return Reasons(
            count=count,
            money_digits=minor_digits(self._spec.currency),
            churn=self._churn(rows, inputs, hazard) if hazard is not None else None,
            value=self._value(rows, inputs, lift) if "value" in self._boosters and lift is not None else None,
            loyalty=self._loyalty(rows, inputs) if "loyalty" in self._boosters else None,
        )

    def _contributors_of(self, model: str) -> list[Contributor]:
        """Made when first needed: who never explains pays nothing."""
        if self._contributors is None:
            static = len(self._spec.design.features) + len(DERIVED)
            season, first = static + TARGET_INPUTS.index(SEASON), static + len(TARGET_INPUTS)
            clocks = range(first, first + len(CLOCKS) * self._spec.grid.keeps_dates)
            kept = {"next_purchase": [season, *clocks], "value": [season], "loyalty": []}
            self._contributors = {
                name: [Contributor(booster, static=static, kept=kept[name]) for booster in boosters]
                for name, boosters in self._boosters.items()
            }
        return self._contributors[model]

    def _churn(self, rows: Floats, inputs: Inputs, log_odds: Floats) -> Contributions:
        """To the log-odds of no order through the trained horizon."""
        grid = self._spec.grid
        edges = np.asarray(grid.edges)
        reach = int(np.searchsorted(edges, float(self._spec.horizon_days)))
        targets = target_inputs(rows, self._columns, edges[: reach + 1], knows_season=grid.knows_season,
                                keeps_dates=grid.keeps_dates)  # fmt: skip
        found = [one.over_dates(inputs, targets) for one in self._contributors_of("next_purchase")]
        start = np.mean([one.passing for one in found], axis=0)
        if (blend := self._spec.blend) is not None:
            start = start + np.asarray(blend.hazard_shift[:reach])
        end = log_odds[:, :reach]
        slope = _slope(-np.logaddexp(0.0, end), -np.logaddexp(0.0, start), end - start)
        silent, silent_base = log_survival(end)[:, -1], log_survival(start)[:, -1]
        base = _log_odds_of_log(silent_base)
        weights = slope * _slope(_log_odds_of_log(silent), base, silent - silent_base)[:, None]
        values = np.mean([one.weighted(weights) for one in found], axis=0)
        if blend is not None:  # what the trees' inputs do not explain is what the formula moved
            moved = (weights * (end - start)).sum(axis=1) - values.sum(axis=1)
            values[:, self._names.index(FORMULA)] += moved
        names = [*self._names, *CLOCKS] if grid.keeps_dates else self._names
        return self._contributions(rows, names, base, values)

    def _value(self, rows: Floats, inputs: Inputs, lift: Floats) -> Contributions:
        """On the log of the value expected in the first interval: the intervals after it differ by the season alone."""
        calibration = self._spec.value
        if calibration is None:
            raise ValueError("this model set was trained without amounts")
        edges = np.asarray(calibration.edges[:2])
        targets = target_inputs(rows, self._columns, edges, knows_season=self._spec.grid.knows_season)
        found = [one.over_dates(inputs, targets) for one in self._contributors_of("value")]
        shift = self._spec.blend.value_shift if self._spec.blend is not None else 0.0
        base = np.mean([one.passing[:, 0] for one in found], axis=0) + np.log(calibration.unit_minor) + shift
        everywhere = np.ones((len(rows), 1))
        values = np.column_stack([np.mean([one.weighted(everywhere) for one in found], axis=0), lift - shift])
        return self._contributions(rows, [*self._names, FORMULA_AMOUNT], base, values)

    def _loyalty(self, rows: Floats, inputs: Inputs) -> Contributions:
        """To the log-odds of becoming loyal, of who has one order."""
        once = self._columns.of(rows, "order_count") == 1
        [contributor] = self._contributors_of("loyalty")
        expected, values = contributor.undated(np.ascontiguousarray(inputs[once]))
        spread = np.zeros((len(rows), values.shape[1]))
        spread[once] = values
        return self._contributions(rows, self._names[: values.shape[1]], np.full(len(rows), expected), spread)

    def _contributions(self, rows: Floats, names: list[str], base: Floats, values: Floats) -> Contributions:
        inputs = self._columns.select(rows, self._spec.design.features)
        return Contributions(names=names, base=base, values=values, inputs=inputs)


def _slope(end: Floats, start: Floats, distance: Floats) -> Floats:
    """(end - start) / distance, 0 where there is no distance."""
    answer: Floats = np.divide(end - start, distance, out=np.zeros_like(distance), where=np.abs(distance) > 1e-12)
    return answer


def _log_odds_of_log(log_probability: Floats) -> Floats:
    answer: Floats = log_probability - np.log(-np.expm1(np.minimum(log_probability, -1e-12)))
    return answer
