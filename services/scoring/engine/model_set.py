"""A loaded model set: turns a matrix of feature vectors into every prediction, consistently and without pandas."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from customer.contracts.score import Prediction
from customer.errors import FeatureSetMismatchError
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine.answers import answers
from scoring.engine.blend import (
    Opinions,
    amount_lift,
    blended_log_odds,
    formula_log_amount,
    formula_log_odds,
)  # fmt: skip
from scoring.engine.btyd import Flags, Floats, History
from scoring.engine.design import FeatureColumns, Inputs, model_inputs, target_inputs, with_targets
from scoring.engine.distribution import Curve, baseline_curve, log_survival, sigmoid
from scoring.engine.explanation import Explainer
from scoring.engine.fast_scores import FastScores
from scoring.engine.hours import at_their_hour, clock_from
from scoring.engine.parity import refuse_differences
from scoring.engine.raw_scores import RawScores
from scoring.engine.scores import Scores
from scoring.engine.spec import ModelSetSpec, UnusableModelSetError, read_spec
from scoring.engine.trees import UnsupportedTreesError
from scoring.engine.value import ValueEstimate, baseline_expected, cumulative_expected, interval_around

if TYPE_CHECKING:
    from lightgbm import Booster

log = logging.getLogger(__name__)


class ModelSet:
    """Models trained together on one feature set. Thread-safe: nothing changes after loading."""

    def __init__(self, spec: ModelSetSpec, boosters: dict[str, list["Booster"]]) -> None:
        self.spec = spec
        self.horizon_days = spec.horizon_days
        self.boosters = boosters
        self._columns = FeatureColumns(spec.columns)
        self._edges = np.asarray(spec.grid.edges)
        self._zone, self._trained_at = ZoneInfo(spec.time_zone), datetime.fromisoformat(spec.as_of)
        self._clocks = [clock_from(spec.grid.hours, hour) for hour in range(24)]
        self._raw = {name: [RawScores(booster) for booster in found] for name, found in boosters.items()}
        self._explainer = Explainer(spec, boosters)
        self._fast: FastScores | None = None

    def sped_up(self, sample: Floats) -> "ModelSet":
        """These models answering by `fast_scores`, when that gives the same answers to the rows of `sample`.

        Otherwise these models as they are, and a line in the log: slower, never different.
        """
        try:
            fast = ModelSet(self.spec, self.boosters)
            fast._fast = FastScores(self.spec, self.boosters)
            refuse_differences(self, fast, sample)
        except UnsupportedTreesError as reason:
            log.info("predicting with LightGBM's own code, which takes longer: %s", reason)
            return self
        return fast

    def basis(self, kind: PredictionKind) -> PredictionBasis:
        """MODEL, or BASELINE where the data was too little or the models lost against the baseline."""
        return PredictionBasis(self.spec.basis.get(kind, PredictionBasis.BASELINE))

    @property
    def feature_set(self) -> str:
        """The hash of the features it was trained on."""
        return self.spec.feature_set

    def predict(
        self,
        matrix: Floats,
        *,
        as_of: datetime,
        horizon_days: int | None = None,
        drivers: int = 0,
        ids: Sequence[str] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> list[Prediction]:
        """The answers on the wire, in the order of the rows; `versions` names the models as a registry does."""
        scores = self.scores(matrix, as_of=as_of, horizon_days=horizon_days, drivers=drivers)
        return answers(self.spec, scores, ids=ids, versions=versions or {})

    def scores(
        self, matrix: Floats, *, as_of: datetime | None = None, horizon_days: int | None = None, drivers: int = 0,
        threads: int = 1,
    ) -> Scores:  # fmt: skip
        """The predictions as columns: one row per customer, columns in the declared order of the features.

        The vectors carry what the models know of `as_of` but for its time of the day (None: that of the training).
        Another horizon than the trained one is answered from the same distribution.
        """
        horizon = horizon_days or self.horizon_days
        clock = self._clocks[(as_of or self._trained_at).astimezone(self._zone).hour]
        if self._fast is not None and self._fast.reaches(horizon):
            return self._fast_scores(self._fast, matrix, horizon, clock, drivers, threads)
        ordered = self._columns.of(matrix, "order_count") > 0
        rows = matrix[ordered]
        history = self._columns.history(rows)
        inputs = model_inputs(rows, self._columns, self.spec.design, self.spec.btyd, self.horizon_days)
        hazard = self._hazard(rows, inputs, threads)
        curve = self._curve(hazard, history)
        silent = curve.silent_through(float(horizon))
        amounts, lift = self._amounts(rows, inputs, history, threads)
        value = self._value(rows, history, curve, amounts, float(horizon))
        days = np.union1d(self._edges[1:], [float(horizon)])
        within = 1.0 - curve.silent_through_each(days)
        reasons = self._explainer.reasons(rows, inputs, hazard, lift, drivers) if drivers and len(rows) else None
        return Scores(
            horizon_days=horizon,
            has_orders=ordered,
            churn=_spread(silent, ordered),
            p10_days=_spread(at_their_hour(curve.quantile(0.1), clock), ordered),
            p50_days=_spread(at_their_hour(curve.quantile(0.5), clock), ordered),
            p90_days=_spread(at_their_hour(curve.quantile(0.9), clock), ordered),
            clock=clock,
            days=days,
            within=_spread(within, ordered),
            value=_spread_value(value, ordered),
            loyalty=_spread(self._loyalty(rows, inputs, history, threads), ordered),
            reasons=reasons,
        )

    def _fast_scores(
        self, fast: FastScores, matrix: Floats, horizon: int, clock: Floats, drivers: int, threads: int
    ) -> Scores:
        columns = fast.columns(matrix, horizon=horizon, clock=clock, threads=threads)
        ordered = self._columns.of(matrix, "order_count") > 0
        reasons = None
        if drivers and ordered.any():
            rows, inputs, hazard = matrix[ordered], columns.inputs[ordered], columns.hazards[ordered]
            reasons = self._explainer.reasons(rows, inputs, hazard, columns.lift[ordered], drivers)
        return columns.scores(horizon, ordered, clock, reasons, has_value=self.spec.value is not None)

    def _hazard(self, rows: Floats, inputs: Inputs, threads: int) -> Floats | None:
        """Log-odds of an order in each interval, of trees and formula; None when a baseline answers."""
        if self.basis(PredictionKind.NEXT_PURCHASE) is PredictionBasis.BASELINE:
            return None
        trees = self.hazard_log_odds(rows, inputs, threads)
        if self.spec.blend is None:
            return trees
        formula = formula_log_odds(self.spec.btyd, self._columns.history(rows), self._edges)
        return blended_log_odds(trees, formula, self.spec.blend)

    def _curve(self, hazard: Floats | None, history: History) -> Curve:
        if hazard is None:
            return baseline_curve(self.spec.btyd, history, self._edges)
        return Curve(edges=self._edges, log_survival=log_survival(hazard))

    def hazard_log_odds(self, rows: Floats, inputs: Inputs, threads: int = 1) -> Floats:
        """(rows, intervals): log-odds of an order in each interval, given none before it, by the trees."""
        grid = self.spec.grid
        targets = target_inputs(
            rows, self._columns, self._edges, knows_season=grid.knows_season, keeps_dates=grid.keeps_dates
        )
        return self._over_dates("next_purchase", inputs, targets, threads)

    def _over_dates(self, model: str, inputs: Inputs, targets: Inputs, threads: int) -> Floats:
        """(rows, intervals): the mean of what the model's boosters say, raw."""
        joined, forests = with_targets(inputs, targets), self._raw[model]
        return np.reshape(sum(one(joined, threads=threads) for one in forests) / len(forests), targets.shape[:2])

    def _amounts(
        self, rows: Floats, inputs: Inputs, history: History, threads: int
    ) -> tuple[Floats | None, Floats | None]:
        """(rows, intervals): the amounts expected, minor units; and what the formulas added to their logs. None where
        there are no amounts, or a baseline answers."""
        if self.spec.value is None or self.basis(PredictionKind.VALUE) is PredictionBasis.BASELINE:
            return None, None
        amounts = self.amounts_by_trees(rows, inputs, threads)
        if self.spec.blend is None:
            return amounts, np.zeros(len(rows))
        lift = amount_lift(self._formula_log_amount(rows, history), np.log(amounts.sum(axis=1)), self.spec.blend)
        return amounts * np.exp(lift)[:, None], lift

    def amounts_by_trees(self, rows: Floats, inputs: Inputs, threads: int = 1) -> Floats:
        """(rows, intervals): the net amount of each interval, minor units. Errors: ValueError without amounts."""
        calibration = self.spec.value
        if calibration is None:
            raise ValueError("this model set was trained without amounts")
        edges = np.asarray(calibration.edges)
        targets = target_inputs(rows, self._columns, edges, knows_season=self.spec.grid.knows_season)
        answer: Floats = np.exp(self._over_dates("value", inputs, targets, threads)) * calibration.unit_minor
        return answer

    def _value(
        self, rows: Floats, history: History, curve: Curve, amounts: Floats | None, horizon: float
    ) -> ValueEstimate | None:
        calibration = self.spec.value
        if calibration is None or self.spec.spending is None:
            return None
        expected = self._expected(rows, history, amounts, horizon)
        return interval_around(expected, curve.silent_through(horizon), calibration)

    def _expected(self, rows: Floats, history: History, amounts: Floats | None, horizon: float) -> Floats:
        if amounts is None or self.spec.value is None:
            return self.baseline_value(rows, history, horizon)
        edges = np.asarray(self.spec.value.edges)
        reach = min(horizon, float(edges[-1]))
        expected = cumulative_expected(amounts, edges, reach)
        if horizon > reach:
            orders = self.spec.btyd.expected_orders
            expected = expected * orders(history, horizon) / np.maximum(orders(history, reach), 1e-9)
        return expected

    def worth_within(self, matrix: Floats, horizons: Sequence[int], *, threads: int = 1) -> list[tuple[Floats, Floats]]:
        """Within each of the horizons, P(no order) and the amount expected of customers with an order, minor units."""
        history = self._columns.history(matrix)
        inputs = model_inputs(matrix, self._columns, self.spec.design, self.spec.btyd, self.horizon_days)
        curve = self._curve(self._hazard(matrix, inputs, threads), history)
        amounts, _ = self._amounts(matrix, inputs, history, threads)
        ends = [float(days) for days in horizons]
        return [(curve.silent_through(end), self._expected(matrix, history, amounts, end)) for end in ends]

    def baseline_value(self, rows: Floats, history: History, horizon: float) -> Floats:
        """Minor units by MBG/NBD and Gamma-Gamma alone; the set must know amounts."""
        if self.spec.spending is None:
            raise ValueError("this model set was trained without amounts")
        repeat, basket = self._spent(rows)
        return baseline_expected(self.spec.btyd, self.spec.spending, history, repeat, basket, horizon)

    def _formula_log_amount(self, rows: Floats, history: History) -> Floats:
        if self.spec.spending is None:
            raise ValueError("this model set was trained without amounts")
        return formula_log_amount(self.spec.btyd, self.spec.spending, history, *self._spent(rows))

    def _spent(self, rows: Floats) -> tuple[Floats, Floats]:
        return self._columns.of(rows, "mean_repeat_day_amount"), self._columns.of(rows, "mean_basket")

    def opinions(self, matrix: Floats, *, threads: int = 1) -> Opinions:
        """What trees and formulas say of customers with an order, each alone: what a blend is fitted to."""
        history = self._columns.history(matrix)
        inputs = model_inputs(matrix, self._columns, self.spec.design, self.spec.btyd, self.horizon_days)
        has_value = "value" in self.boosters and self.spec.value is not None
        return Opinions(
            trees=self.hazard_log_odds(matrix, inputs, threads),
            formula=formula_log_odds(self.spec.btyd, history, self._edges),
            log_amount=np.log(self.amounts_by_trees(matrix, inputs, threads).sum(axis=1)) if has_value else None,
            formula_log_amount=self._formula_log_amount(matrix, history) if has_value else None,
        )

    def _loyalty(self, rows: Floats, inputs: Inputs, history: History, threads: int) -> Floats:
        """P(at least two more orders within the window that began with the first), for who ordered once."""
        once = self._columns.of(rows, "order_count") == 1
        if self.basis(PredictionKind.LOYALTY_POTENTIAL) is PredictionBasis.BASELINE:
            chance = self.baseline_loyalty(history)
        else:
            chance = sigmoid(self._raw["loyalty"][0](inputs, threads=threads))
        chance = np.where(history.age < self.spec.loyalty_window_days, chance, 0.0)
        return np.where(once, chance, np.nan)

    def baseline_loyalty(self, history: History) -> Floats:
        """By the MBG/NBD process alone."""
        left = np.maximum(self.spec.loyalty_window_days - history.age, 0.0)
        return np.clip(self.spec.btyd.at_least_two(history, left), 0.0, 1.0)


def load_model_set(path: Path) -> ModelSet:
    """Errors: UnusableModelSetError; FeatureSetMismatchError when trained on other features than this process knows."""
    from lightgbm import Booster
    from lightgbm.basic import LightGBMError

    spec = read_spec(path)
    if spec.feature_set != FEATURE_SET or spec.columns != list(FEATURE_NAMES):
        raise FeatureSetMismatchError(expected=FEATURE_SET, found=spec.feature_set, model=spec.id)
    try:
        boosters = {
            name: [Booster(model_file=str(path / file)) for file in names] for name, names in spec.boosters.items()
        }
    except LightGBMError as error:
        raise UnusableModelSetError(path, f"LightGBM cannot read its trees ({error})") from error
    from scoring.engine.plugged_set import with_plug_ins  # they are made of model sets

    return with_plug_ins(ModelSet(spec, boosters), path)


def _spread(values: Floats, ordered: Flags) -> Floats:
    """NaN for the rows left out."""
    spread = np.full((len(ordered), *values.shape[1:]), np.nan)
    spread[ordered] = values
    return spread


def _spread_value(value: ValueEstimate | None, ordered: Flags) -> ValueEstimate | None:
    if value is None:
        return None
    return ValueEstimate(
        expected=_spread(value.expected, ordered),
        low=_spread(value.low, ordered),
        high=_spread(value.high, ordered),
    )
