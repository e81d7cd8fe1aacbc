"""A model set some of whose kinds a team's own models answer: how their answers and ours are made one whole.

Churn is always read off the next-purchase distribution. Whoever replaces that distribution replaces churn with it;
whoever replaces churn alone keeps our distribution, whose hazards are scaled per customer so that it passes through the
team's probability at the trained horizon. Value intervals follow. So every answer of a set agrees with every other one,
whoever made it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.distribution import Curve
from scoring.engine.explanation import Contributions
from scoring.engine.hours import at_their_hour
from scoring.engine.model_set import ModelSet
from scoring.engine.plug_ins import PlugIn, PlugKind, TeamModel, answered, explained, load, read_plug_ins
from scoring.engine.scores import Scores
from scoring.engine.value import interval_around

_SURE = 1e-6
_NEVER = 1e-12


def with_plug_ins(own: ModelSet, folder: Path) -> ModelSet:
    """The set with the models that lie beside it in the place of ours; itself when there are none."""
    found = read_plug_ins(folder)
    return PluggedModelSet(own, {one.kind: (one, load(one, folder)) for one in found}) if found else own


class PluggedModelSet(ModelSet):
    """Answers as the set does, with the teams' models in the place of ours."""

    def __init__(self, own: ModelSet, plug_ins: Mapping[PlugKind, tuple[PlugIn, TeamModel]]) -> None:
        super().__init__(own.spec, own.boosters)
        self._own = own
        self._plug_ins = plug_ins

    def sped_up(self, sample: Floats) -> ModelSet:
        return PluggedModelSet(self._own.sped_up(sample), self._plug_ins)

    def scores(self, matrix: Floats, **options: Any) -> Scores:
        found = self._own.scores(matrix, **options)
        if not found.has_orders.any():
            return found
        rows = matrix[found.has_orders]
        if (next_purchase := self._plug_ins.get(PlugKind.NEXT_PURCHASE)) is not None:
            found = self._with_next_purchase(found, rows, *next_purchase)
        if (churn := self._plug_ins.get(PlugKind.CHURN)) is not None:
            found = self._with_churn(found, rows, *churn)
        if self.spec.value is not None and found.value is not None:
            value = self._plug_ins.get(PlugKind.VALUE)
            found = (
                self._with_value(found, rows, *value) if value is not None else self._worth(found, found.value.expected)
            )
        return found

    def _with_next_purchase(self, found: Scores, rows: Floats, plug_in: PlugIn, model: TeamModel) -> Scores:
        silent = np.clip(1.0 - answered(plug_in, model, rows), _NEVER, 1.0)
        curve = Curve(edges=np.array([0.0, *plug_in.days]), log_survival=np.log(silent))
        return _along(found, curve, explained(plug_in, model, rows) if found.reasons else None)

    def _with_churn(self, found: Scores, rows: Floats, plug_in: PlugIn, model: TeamModel) -> Scores:
        probability = np.clip(answered(plug_in, model, rows), _SURE, 1.0 - _SURE)
        log_survival = np.log(np.maximum(1.0 - found.within[found.has_orders], _NEVER))
        ours = Curve(edges=np.concatenate([[0.0], found.days]), log_survival=log_survival)
        silent = np.clip(ours.silent_through(float(self.horizon_days)), _SURE, 1.0 - _SURE)
        factor = np.log(probability) / np.log(silent)
        curve = Curve(edges=ours.edges, log_survival=log_survival * factor[:, None])
        return _along(found, curve, explained(plug_in, model, rows) if found.reasons else None)

    def _with_value(self, found: Scores, rows: Floats, plug_in: PlugIn, model: TeamModel) -> Scores:
        assert found.value is not None  # noqa: S101 - asked before
        expected = answered(plug_in, model, rows)
        if found.horizon_days != self.horizon_days:  # as much more, or less, as ours
            trained = self._own.scores(rows).value
            assert trained is not None  # noqa: S101 - it was there for another horizon
            expected = expected * found.value.expected[found.has_orders] / np.maximum(trained.expected, 1e-9)
        reasons = replace(found.reasons, value=explained(plug_in, model, rows)) if found.reasons else None
        return self._worth(replace(found, reasons=reasons), _put(found.value.expected, found.has_orders, expected))

    def _worth(self, found: Scores, expected: Floats) -> Scores:
        """With this value, and the interval that goes with it and with the churn found."""
        calibration, ordered = self.spec.value, found.has_orders
        assert found.value is not None  # noqa: S101 - asked before
        assert calibration is not None  # noqa: S101 - asked before
        around = interval_around(expected[ordered], found.churn[ordered], calibration)
        low, high = _put(found.value.low, ordered, around.low), _put(found.value.high, ordered, around.high)
        return replace(found, value=replace(found.value, expected=expected, low=low, high=high))


def _along(found: Scores, curve: Curve, reasons: Contributions | None) -> Scores:
    """The scores with everything read off this curve of the customers with orders."""
    ordered = found.has_orders
    return replace(
        found,
        churn=_put(found.churn, ordered, curve.silent_through(float(found.horizon_days))),
        p10_days=_put(found.p10_days, ordered, at_their_hour(curve.quantile(0.1), found.clock)),
        p50_days=_put(found.p50_days, ordered, at_their_hour(curve.quantile(0.5), found.clock)),
        p90_days=_put(found.p90_days, ordered, at_their_hour(curve.quantile(0.9), found.clock)),
        within=_put(found.within, ordered, 1.0 - curve.silent_through_each(found.days)),
        reasons=replace(found.reasons, churn=reasons) if found.reasons else None,
    )


def _put(values: Floats, rows: Any, new: Floats) -> Floats:
    changed = values.copy()
    changed[rows] = new
    return changed
