"""The distribution of days to the next order: hazards per interval, one consistent curve, its quantiles.

With interval edges 0 = e0 < e1 < ... < eK, a curve is log S(e1) ... log S(eK): the log of the probability that no
order has come by then. Inside an interval, and beyond the last, the hazard is constant.
"""

from dataclasses import dataclass

import numpy as np

from scoring.engine.btyd import Floats, History, MbgNbd

LONGEST_DAYS = 3650.0
"""Where quantiles end: ten years stand for "never, as far as can be said"."""

TINY = 1e-6


def sigmoid(log_odds: Floats) -> Floats:
    answer: Floats = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return answer


def log_survival(hazard_log_odds: Floats) -> Floats:
    """log S at each edge but the first, from the log-odds of an order in each interval."""
    answer: Floats = np.cumsum(-np.logaddexp(0.0, hazard_log_odds), axis=1)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Survival curves of several customers over the same edges."""

    edges: Floats  # (K + 1,), from 0
    log_survival: Floats  # (rows, K), falling

    def silent_through(self, days: float) -> Floats:
        """P(no order within `days`)."""
        answer: Floats = np.exp(self._log_at(days))
        return answer

    def silent_through_each(self, days: Floats) -> Floats:
        """(rows, days): P(no order within each of `days`)."""
        left = np.concatenate([np.zeros((len(self.log_survival), 1)), self.log_survival], axis=1)
        interval = np.clip(np.searchsorted(self.edges, days, side="left") - 1, 0, len(self.edges) - 2)
        start, end = left[:, interval], left[:, interval + 1]
        share = (days - self.edges[interval]) / (self.edges[interval + 1] - self.edges[interval])
        answer: Floats = np.exp(start + share * (end - start))
        return answer

    def quantile(self, level: float) -> Floats:
        """Days by which an order has come with probability `level`, at most LONGEST_DAYS."""
        target = np.log1p(-level)
        left = np.concatenate([np.zeros((len(self.log_survival), 1)), self.log_survival], axis=1)
        interval = np.minimum((self.log_survival > target).sum(axis=1), len(self.edges) - 2)
        row = np.arange(len(left))
        start, end = left[row, interval], left[row, interval + 1]
        share = (start - target) / np.maximum(start - end, 1e-12)
        days = self.edges[interval] + share * (self.edges[interval + 1] - self.edges[interval])
        answer: Floats = np.minimum(days, LONGEST_DAYS)
        return answer

    def _log_at(self, days: float) -> Floats:
        interval = min(int(np.searchsorted(self.edges, days, side="left")) - 1, len(self.edges) - 2)
        if interval < 0:
            return np.zeros(len(self.log_survival))
        end = self.log_survival[:, interval]
        start = self.log_survival[:, interval - 1] if interval else np.zeros_like(end)
        share = (days - self.edges[interval]) / (self.edges[interval + 1] - self.edges[interval])
        answer: Floats = start + share * (end - start)
        return answer


def baseline_curve(btyd: MbgNbd, history: History, edges: Floats) -> Curve:
    """What MBG/NBD alone says."""
    survival = btyd.silent_for(history, edges[1:])
    return Curve(edges=edges, log_survival=np.log(np.clip(survival, TINY, 1.0 - TINY)))
