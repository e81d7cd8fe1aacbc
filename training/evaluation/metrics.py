"""The measures predictions are judged by, as the literature defines them; all take arrays of one row per customer."""

from functools import lru_cache

import numpy as np

from scoring.engine.btyd import Flags, Floats, Positions

_EPSILON = 1e-9
_POWER = 1.5  # of the Tweedie deviance


def auc(score: Floats, truth: Flags) -> float:
    """P(a positive scores above a negative); ties count half. NaN when only one class is there."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = _mean_ranks(score)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(score: Floats, truth: Flags) -> float:
    """Area under the precision-recall curve as the step sum; equal scores are one step."""
    if not truth.any():
        return float("nan")
    order, _, counts = _steps(score)
    ends = np.cumsum(counts)
    hits = np.cumsum(truth[order])[ends - 1]
    return float((np.diff(hits, prepend=0) * hits / ends).sum() / truth.sum())


def log_loss(probability: Floats, truth: Flags) -> float:
    return float(np.mean(log_losses(probability, truth)))


def log_losses(probability: Floats, truth: Flags) -> Floats:
    """Of each customer."""
    clipped = np.clip(probability, _EPSILON, 1.0 - _EPSILON)
    return -np.where(truth, np.log(clipped), np.log1p(-clipped))


def brier(probability: Floats, truth: Flags) -> float:
    return float(np.mean((probability - truth) ** 2))


def calibration_error(probability: Floats, truth: Flags, *, bins: int = 15) -> float:
    """Expected calibration error over `bins` groups of equal size; who has the same probability shares the outcome."""
    gap = np.sort(probability) - _from_highest(truth, -probability)
    return float(sum(abs(group.sum()) for group in np.array_split(gap, bins)) / len(truth))


def calibration_error_by_chance(probability: Floats, *, bins: int = 15, draws: int = 100, seed: int = 0) -> float:
    """The calibration error that these very probabilities would show, in the mean, if each were exactly right."""
    rng = np.random.default_rng(seed)
    errors = [
        calibration_error(probability, rng.random(len(probability)) < probability, bins=bins) for _ in range(draws)
    ]
    return float(np.mean(errors))


def concordance(score: Floats, wait_days: Floats, horizon_days: float, *, seed: int = 0) -> float:
    """P(who orders earlier has the lower score), over 25 random pairs a customer, at most 500,000, where that is known.

    Everybody is watched through the horizon, so the censoring weights of Uno's C are all one.
    """
    left, right = _pairs(len(score), seed)
    first = np.where(np.isnan(wait_days), np.inf, wait_days)
    usable = (first[left] < horizon_days) & (first[left] < first[right])
    difference = score[right][usable] - score[left][usable]
    return float(np.mean(difference > 0) + 0.5 * np.mean(difference == 0)) if usable.any() else float("nan")


def pinball(quantiles: dict[float, Floats], wait_days: Floats, horizon_days: float) -> float:
    """Mean quantile loss of min(T, horizon), over the quantile levels given."""
    return float(np.mean(quantile_losses(quantiles, wait_days, horizon_days)))


def quantile_losses(quantiles: dict[float, Floats], wait_days: Floats, horizon_days: float) -> Floats:
    """Of each customer, the mean over the levels."""
    actual = np.minimum(np.where(np.isnan(wait_days), np.inf, wait_days), horizon_days)
    total = np.zeros(len(actual))
    for level, days in quantiles.items():
        error = actual - np.minimum(days, horizon_days)
        total += np.maximum(level * error, (level - 1.0) * error)
    return total / len(quantiles)


def interval_coverage(position: Floats, has_event: Flags) -> float:
    """D-calibrated share inside P10-P90: `position` is the predicted P(T <= what was seen); the censored count with the
    share of what remains to them that lies inside."""
    remaining = np.clip(0.9 - np.maximum(position, 0.1), 0.0, None) / np.maximum(1.0 - position, _EPSILON)
    inside = np.where(has_event, (position >= 0.1) & (position <= 0.9), remaining)
    return float(np.mean(inside))


def spearman(left: Floats, right: Floats) -> float:
    if len(left) < 2:
        return float("nan")
    ranks = _mean_ranks(left), _mean_ranks(right)
    if not ranks[0].std() or not ranks[1].std():
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def normalised_gini(amount: Floats, score: Floats) -> float:
    """Area of the gains curve by `score` over that of a perfect order."""
    best = _gini(amount, amount)
    return _gini(amount, score) / best if best else float("nan")


def top_decile_capture(amount: Floats, score: Floats) -> float:
    """Share of the total that came from the tenth with the highest scores."""
    top = _from_highest(amount, score)[: max(1, len(score) // 10)]
    total = amount.sum()
    return float(top.sum() / total) if total else float("nan")


def total_bias(amount: Floats, expected: Floats) -> float:
    """Predicted over actual total, less one."""
    total = amount.sum()
    return float(expected.sum() / total - 1.0) if total else float("nan")


def tweedie_deviances(amount: Floats, expected: Floats) -> Floats:
    """Of each customer, both in some unit near their mean: a proper score of a mean with many zeros and a long tail."""
    mean, amount = np.maximum(expected, 1e-6), np.maximum(amount, 0.0)
    p = _POWER
    deviances: Floats = 2.0 * (
        amount ** (2.0 - p) / ((1.0 - p) * (2.0 - p))
        - amount * mean ** (1.0 - p) / (1.0 - p)
        + mean ** (2.0 - p) / (2.0 - p)
    )
    return deviances


@lru_cache(maxsize=2)
def _pairs(size: int, seed: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int32]]":
    """The same ones for every resample of as many customers."""
    return np.random.default_rng(seed).integers(0, size, (2, min(25 * size, 500_000)), dtype=np.int32)


def _gini(amount: Floats, score: Floats) -> float:
    gains = np.cumsum(_from_highest(amount, score)) / max(amount.sum(), _EPSILON)
    return float(gains.mean() - 0.5)


def _from_highest(values: Floats | Flags, score: Floats) -> Floats:
    """The values from the highest score down, those of equal scores as their mean: the order of the rows is nothing."""
    order, starts, counts = _steps(score)
    means: Floats = np.add.reduceat(values[order].astype(np.float64), starts) / counts
    return np.repeat(means, counts)


def _steps(score: Floats) -> tuple[Positions, Positions, Positions]:
    """The order from the highest score down; where each distinct score begins in it, and how many have it."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    return order, starts, np.diff(starts, append=len(order))


def _mean_ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = ((2 * ends - counts + 1) / 2.0)[inverse]
    return ranks
