"""SHAP values of one booster by the fastest exact method that its trees allow."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.design import Inputs, with_targets
from scoring.engine.tree_shap import DatedContributions, TreeShap
from scoring.engine.trees import UnsupportedTreesError

if TYPE_CHECKING:
    from lightgbm import Booster

log = logging.getLogger(__name__)


class Contributor:
    """The first `static` inputs are the customer's, those after them tell the date; `kept` are some of these."""

    def __init__(self, booster: "Booster", *, static: int, kept: Sequence[int]) -> None:
        self._booster = booster
        self._static = static
        self._kept = list(kept)
        self._tables: TreeShap | None = None
        try:
            self._tables = TreeShap(booster, static=static)
        except UnsupportedTreesError as reason:
            log.info("explaining with pred_contrib, which takes longer: %s", reason)

    def over_dates(self, inputs: Inputs, dates: Inputs) -> DatedContributions:
        """Of customers (rows, static) each at several dates (rows, dates, inputs)."""
        if self._tables is not None:
            return self._tables.over_dates(inputs, dates, kept=self._kept)
        found = self._by_lightgbm(with_targets(inputs, dates)).reshape(*dates.shape[:2], -1)
        kept = found[:, :, self._kept]
        passing = found[:, :, self._static :].sum(axis=2) - kept.sum(axis=2)
        wanted = np.concatenate([found[:, :, : self._static], kept], axis=2)
        return DatedContributions(
            passing=passing, weighted=lambda weights: np.einsum("rdi,rd->ri", wanted, weights, optimize=False)
        )

    def undated(self, inputs: Inputs) -> tuple[float, Floats]:
        """Of a booster that knows no date: the mean prediction, and (rows, static) what each input contributes."""
        if self._tables is not None:
            nowhen = np.empty((len(inputs), 1, 0), dtype=np.float32)
            found = self._tables.over_dates(inputs, nowhen, kept=[])
            return self._tables.expected, found.weighted(np.ones((len(inputs), 1)))
        contributions = self._by_lightgbm(inputs)
        return float(contributions[0, -1]) if len(inputs) else 0.0, contributions[:, : self._static]

    def _by_lightgbm(self, inputs: Inputs) -> Floats:
        answer: Floats = np.asarray(self._booster.predict(inputs, pred_contrib=True, num_threads=1), dtype=np.float64)
        return answer
