"""Why a prediction is what it is: exact additive contributions of the inputs, by LightGBM's SHAP values.

A churn probability is the log-odds mean of a classifier and of the hazard's survival at the horizon. The classifier's
contributions add up as they are. The hazard's survival is a function of one sum of contributions per interval; along
the straight line from the mean customer to this one such a function splits over its summands in proportion
(Aumann-Shapley), interval by interval, and once more from log-survival to log-odds. So everything adds up exactly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from customer.money import minor_digits
from scoring.engine.btyd import Floats, History
from scoring.engine.contributor import Contributor
from scoring.engine.design import (
    DERIVED,
    TARGET_INPUTS,
    FeatureColumns,
    Inputs,
    target_inputs,
)  # fmt: skip
from scoring.engine.distribution import initial_churn, initial_log_odds, log_survival
from scoring.engine.spec import ModelSetSpec

if TYPE_CHECKING:
    from lightgbm import Booster

RHYTHM, SEASON = "btyd_alive", "season"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """`base[i] + values[i].sum()` is the prediction: log-odds of churn, or log of the expected value.

    `names` are features, DERIVED inputs or SEASON.
    """

    names: list[str]
    base: Floats
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Of the rows with orders, in their order. `inputs` holds the features' own values for display, `money_digits`
    the decimals of the currency."""

    count: int
    money_digits: int
    features: list[str]
    inputs: Floats
    churn: Contributions | None
    value: Contributions | None


class Explainer:
    """Explains the predictions of one model set."""

    def __init__(self, spec: ModelSetSpec, boosters: dict[str, list["Booster"]]) -> None:
        self._spec = spec
        self._boosters = boosters
        self._columns = FeatureColumns(spec.columns)
        self._names = [*spec.design.features, *DERIVED, SEASON]
        self._contributors: dict[str, list[Contributor]] | None = None

    def reasons(self, rows: Floats, inputs: Inputs, history: History, count: int) -> Reasons:
        return Reasons(
            count=count,
            money_digits=minor_digits(self._spec.currency),
            features=self._spec.design.features,
            inputs=self._columns.select(rows, self._spec.design.features),
            churn=self._churn(rows, inputs, history) if "next_purchase" in self._boosters else None,
            value=self._value(rows, inputs) if "value" in self._boosters else None,
        )

    def _churn(self, rows: Floats, inputs: Inputs, history: History) -> Contributions:
        base, values = self._hazard(rows, inputs, history)
        weight = self._spec.direct_weight if "churn" in self._boosters else 0.0
        base, values = (1.0 - weight) * base, (1.0 - weight) * values
        if weight:
            direct = self._contributor("churn").of_rows(inputs)
            initial = initial_churn(self._spec.btyd, history, float(self._spec.horizon_days))
            values[:, :-1] += weight * direct[:, :-1]
            values[:, self._names.index(RHYTHM)] += weight * (initial - self._mean_initial_churn())
            base += weight * (direct[:, -1] + self._mean_initial_churn())
        return Contributions(names=self._names, base=base, values=values)

    def _mean_initial_churn(self) -> float:
        """What the classifier starts from for the mean customer, from whom contributions are measured."""
        reach = self._spec.grid.edges.index(float(self._spec.horizon_days))
        silent = log_survival(np.asarray(self._spec.grid.mean_init)[None, :reach])[:, -1]
        return float(_log_odds_of_log(silent)[0])

    def _contributor(self, model: str) -> Contributor:
        return self._contributors_of(model)[0]

    def _contributors_of(self, model: str) -> list[Contributor]:
        """Made when first needed: who never explains pays nothing."""
        if self._contributors is None:
            static = len(self._spec.design.features) + len(DERIVED)
            self._contributors = {
                name: [Contributor(booster, static=static) for booster in boosters]
                for name, boosters in self._boosters.items()
            }
        return self._contributors[model]

    def _hazard(self, rows: Floats, inputs: Inputs, history: History) -> tuple[Floats, Floats]:
        """Base and contributions of the log-odds of no order through the trained horizon, by the hazard alone."""
        grid = self._spec.grid
        edges = np.asarray(grid.edges)
        reach = int(np.searchsorted(edges, float(self._spec.horizon_days)))
        edges = edges[: reach + 1]
        targets = target_inputs(rows, self._columns, edges, knows_season=grid.knows_season)
        contributors = self._contributors_of("next_purchase")
        raw = np.mean([contributor.of_grid(inputs, targets) for contributor in contributors], axis=0)
        split = _by_input(raw, inputs.shape[1]).reshape(len(rows), reach, -1)
        rhythm = initial_log_odds(self._spec.btyd, history, edges) - np.asarray(grid.mean_init)[:reach]
        split[:, :, self._names.index(RHYTHM)] += rhythm
        start = raw[:, -1].reshape(len(rows), reach) + _passing(raw, inputs.shape[1]).reshape(len(rows), reach)
        start = start + np.asarray(grid.mean_init)[:reach]
        end = start + split.sum(axis=2)
        slope = _slope(-np.logaddexp(0.0, end), -np.logaddexp(0.0, start), end - start)
        values = (split * slope[:, :, None]).sum(axis=1)
        silent, silent_base = log_survival(end)[:, -1], log_survival(start)[:, -1]
        base = _log_odds_of_log(silent_base)
        factor = _slope(_log_odds_of_log(silent), base, silent - silent_base)
        return base, values * factor[:, None]

    def _value(self, rows: Floats, inputs: Inputs) -> Contributions:
        """On the log of the value expected in the first interval: the intervals after it differ by the season alone."""
        calibration = self._spec.value
        if calibration is None:
            raise ValueError("this model set was trained without amounts")
        edges = np.asarray(calibration.edges[:2])
        targets = target_inputs(rows, self._columns, edges, knows_season=self._spec.grid.knows_season)
        raw = self._contributor("value").of_grid(inputs, targets)
        base = raw[:, -1] + _passing(raw, inputs.shape[1]) + np.log(calibration.unit_minor)
        return Contributions(names=self._names, base=base, values=_by_input(raw, inputs.shape[1]))


def _by_input(raw: Floats, width: int) -> Floats:
    """The contributions of the customer's inputs, and last that of the season."""
    season = raw[:, width + TARGET_INPUTS.index("season")]
    return np.column_stack([raw[:, :width], season])


def _passing(raw: Floats, width: int) -> Floats:
    """What the other target inputs contribute: the passing of time, part of the base."""
    others = [width + number for number, name in enumerate(TARGET_INPUTS) if name != "season"]
    answer: Floats = raw[:, others].sum(axis=1)
    return answer


def _slope(end: Floats, start: Floats, distance: Floats) -> Floats:
    """(end - start) / distance, 0 where there is no distance."""
    answer: Floats = np.divide(end - start, distance, out=np.zeros_like(distance), where=np.abs(distance) > 1e-12)
    return answer


def _log_odds_of_log(log_probability: Floats) -> Floats:
    answer: Floats = log_probability - np.log(-np.expm1(np.minimum(log_probability, -1e-12)))
    return answer
