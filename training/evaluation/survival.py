"""How far whole survival curves lie from what came: the integrated Brier score, and curves as a picture needs them."""

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.design import FeatureColumns
from scoring.engine.distribution import baseline_curve
from scoring.engine.model_set import ModelSet


def daily_grid(horizon_days: int) -> Floats:
    """The days at which curves are judged: each one, but at most some hundred."""
    return np.unique(np.round(np.linspace(1, horizon_days, min(horizon_days, 100))))


def silence_of(models: ModelSet, matrix: Floats, days: Floats) -> Floats:
    """(rows, days): P(no order within days[k]) by the models; read between their grid's days in log-survival."""
    scores = models.scores(matrix)
    return silence_between(scores.days, scores.within, days)


def silence_between(known_days: Floats, within: Floats, days: Floats) -> Floats:
    """The same from points of the curve: `within[i, k]` = P(order within known_days[k])."""
    return _silence(known_days, within, days[None, :])


def silence_at(known_days: Floats, within: Floats, days: Floats) -> Floats:
    """(rows,): P(no order within days[i]), each row at a day of its own."""
    return _silence(known_days, within, days[:, None])[:, 0]


def _silence(known_days: Floats, within: Floats, days: Floats) -> Floats:
    """For (rows or 1, days): between known days, and beyond them, the hazard is constant."""
    edges = np.concatenate([[0.0], known_days])
    logs = np.concatenate([np.zeros((len(within), 1)), np.log(np.maximum(1.0 - within, 1e-12))], axis=1)
    interval = np.clip(np.searchsorted(edges, days, side="left") - 1, 0, len(edges) - 2)
    share = (days - edges[interval]) / (edges[interval + 1] - edges[interval])
    before, after = (np.take_along_axis(logs, at, axis=1) for at in (interval, interval + 1))
    answer: Floats = np.exp(before * (1.0 - share) + after * share)
    return answer


def baseline_silence(models: ModelSet, matrix: Floats, days: Floats) -> Floats:
    """(rows, days): what MBG/NBD alone would have said."""
    history = FeatureColumns(models.spec.columns).history(matrix)
    curve = baseline_curve(models.spec.btyd, history, np.asarray(models.spec.grid.edges))
    return np.column_stack([curve.silent_through(float(day)) for day in days])


def integrated_brier_losses(silent: Floats, wait_days: Floats, days: Floats) -> Floats:
    """Of each customer: the squared distance of the curve from their own 0/1 course, averaged over the days.

    Everybody is watched through the horizon, so the censoring weights of Graf's score are all one. A wait of d whole
    days ends on the day after d: silent through `days` holds for waits of that many days or more.
    """
    waits = np.where(np.isnan(wait_days), np.inf, wait_days)[:, None]
    losses: Floats = np.mean((silent - (waits >= days)) ** 2, axis=1)
    return losses
