"""SHAP values of one booster by the fastest exact method that its trees allow."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.design import Inputs, with_targets
from scoring.engine.tree_shap import TreeShap, UnsupportedTreesError

if TYPE_CHECKING:
    from lightgbm import Booster

log = logging.getLogger(__name__)


class Contributor:
    """The first `static` inputs are the customer's, those after them tell the interval."""

    def __init__(self, booster: "Booster", *, static: int) -> None:
        self._booster = booster
        self._tables: TreeShap | None = None
        try:
            self._tables = TreeShap(booster, static=static)
        except UnsupportedTreesError as reason:
            log.info("explaining with pred_contrib, which takes longer: %s", reason)

    def of_rows(self, inputs: Inputs) -> Floats:
        """(rows, inputs + 1): SHAP values, then the mean prediction."""
        if self._tables is None:
            return self._by_lightgbm(inputs)
        return self._tables.contributions(inputs)

    def of_grid(self, inputs: Inputs, targets: Inputs) -> Floats:
        """(rows * intervals, inputs + targets + 1), customer by customer."""
        if self._tables is None:
            return self._by_lightgbm(with_targets(inputs, targets))
        found = self._tables.grid(inputs, targets)
        return found.reshape(-1, found.shape[2])

    def _by_lightgbm(self, inputs: Inputs) -> Floats:
        answer: Floats = np.asarray(self._booster.predict(inputs, pred_contrib=True, num_threads=1), dtype=np.float64)
        return answer
