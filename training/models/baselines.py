"""Fits the "buy till you die" models by maximum likelihood: the baselines, and inputs of the trees.

The likelihoods are those of the papers named in `scoring.engine.btyd`. A weak pull of the parameters towards 1 (in
units of the brand's own mean age) keeps them finite where the data says little.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from scoring.engine.btyd import Floats, GammaGamma, History, MbgNbd
from training.models.influence import bound

_PULL = 1e-3
_BOUND = 12.0
_HISTORIES = 20_000
"""At most so many distinct histories are fitted: four parameters are certain long before."""


def fit_mbg_nbd(history: History) -> MbgNbd:
    """Rows without an order (NaN) are left out; with none left, a brand of yearly buyers is assumed."""
    known = ~np.isnan(history.repeats)
    if not known.any():
        return MbgNbd(r=1.0, alpha=365.0, a=1.0, b=3.0)
    (x, last, age), weight = _distinct(np.column_stack([history.repeats, history.last, history.age])[known])
    scale = max(float(weight @ age), 1.0) / 10.0
    start = [0.0, 0.0, 0.0, 0.0]
    r, alpha, a, b = _fit(lambda p: _mbg_nbd_loss(p, x, last / scale, age / scale, weight), start=start)
    return MbgNbd(r=r, alpha=alpha * scale, a=a, b=b)


def fit_gamma_gamma(mean_amount: Floats, purchases: Floats, *, unit_minor: float) -> GammaGamma:
    """`mean_amount` of `purchases` past purchase days, minor units; customers without a positive mean are left out."""
    known = (mean_amount > 0) & (purchases > 0)
    if known.sum() < 2:
        return GammaGamma(p=1.0, q=2.0, v=unit_minor, prior=unit_minor)
    # Rounded, so that another currency, which moves the last bit, does not send the search another way.
    (mean, count), weight = _distinct(np.column_stack([np.round(mean_amount / unit_minor, 9), purchases])[known])
    p, q, v = _fit(lambda theta: _gamma_gamma_loss(theta, mean, count, weight), start=[0.0, 1.0, 0.0])
    # A heavy tail makes the fitted mean wander off; the observed one, which no single customer decides, bounds it.
    observed = float(weight @ np.minimum(mean, bound(mean_amount[known]) / unit_minor))
    prior = float(np.clip(p * v / (q - 1.0) if q > 1.05 else observed, 0.5 * observed, 2.0 * observed))
    return GammaGamma(p=p, q=max(q, 1.05), v=v * unit_minor, prior=prior * unit_minor)


def _distinct(histories: Floats) -> tuple[list[Floats], Floats]:
    """The columns of the distinct rows and the share of each: in an order, and with sums, that no name can change."""
    rows, counts = np.unique(histories, axis=0, return_counts=True)
    every = -(-len(rows) // _HISTORIES)
    rows, counts = rows[::every], counts[::every]
    return list(rows.T), counts / counts.sum()


def _fit(loss: Callable[[Floats], float], *, start: list[float]) -> list[float]:
    bounds = [(-_BOUND, _BOUND)] * len(start)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = minimize(loss, np.array(start), method="L-BFGS-B", bounds=bounds)
    return [float(value) for value in np.exp(found.x)]


def _mbg_nbd_loss(parameters: Floats, x: Floats, last: Floats, age: Floats, weight: Floats) -> float:
    r, alpha, a, b = np.exp(parameters)
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
    staying = betaln(a, b + x + 1.0) - betaln(a, b)
    left = np.log(a) - np.log(b + x) + (r + x) * (np.log(alpha + age) - np.log(alpha + last))
    return float(-(weight @ (buying + staying + np.logaddexp(left, 0.0))) + _PULL * np.sum(parameters**2))


def _gamma_gamma_loss(parameters: Floats, mean: Floats, count: Floats, weight: Floats) -> float:
    p, q, v = np.exp(parameters)
    likelihood = (
        gammaln(p * count + q) - gammaln(p * count) - gammaln(q) + q * np.log(v)
        + (p * count - 1.0) * np.log(mean) + p * count * np.log(count)
        - (p * count + q) * np.log(count * mean + v)
    )  # fmt: skip
    return float(-(weight @ likelihood) + _PULL * np.sum(parameters**2))
