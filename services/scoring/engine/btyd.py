"""The "buy till you die" formulas: MBG/NBD for when a customer orders again, Gamma-Gamma for how much they spend.

MBG/NBD: Batislam, Denizel, Filiztekin (2007), "Empirical validation and comparison of models for customer base
analysis". While alive, a customer buys at a Poisson rate drawn from Gamma(r, alpha); after each purchase, the first
included, they leave with a probability drawn from Beta(a, b). Gamma-Gamma: Fader, Hardie (2013).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import hyp2f1

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Repeat purchase days x, days from the first to the last t_x, days from the first until now T; NaN: no order."""

    repeats: Floats
    last: Floats
    age: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class MbgNbd:
    """Fitted MBG/NBD parameters; alpha in days."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, history: History) -> Floats:
        """P(has not left), given the purchases and the silence since the last."""
        growth = (self.r + history.repeats) * np.log((self.alpha + history.age) / (self.alpha + history.last))
        answer: Floats = 1.0 / (1.0 + self.a / (self.b + history.repeats) * np.exp(growth))
        return answer

    def silent_for(self, history: History, days: Floats) -> Floats:
        """P(no order within each of `days`), one row per customer; falls from 1 to P(has left)."""
        start = (self.alpha + history.age)[:, None]
        shape = (self.r + history.repeats)[:, None]
        waits = np.exp(shape * np.log(start / (start + days[None, :])))
        answer: Floats = 1.0 - self.alive(history)[:, None] * (1.0 - waits)
        return answer

    def silent_at(self, history: History, days: Floats) -> Floats:
        """P(no order within `days[i]`) of customer i."""
        start, shape = self.alpha + history.age, self.r + history.repeats
        answer: Floats = 1.0 - self.alive(history) * (1.0 - np.exp(shape * np.log(start / (start + days))))
        return answer

    def at_least_two(self, history: History, days: Floats) -> Floats:
        """P(two orders or more within `days[i]`) of customer i."""
        shape, start = self.r + history.repeats, self.alpha + history.age
        none = np.exp(shape * np.log(start / (start + days)))
        one = shape * days / (start + days) * none
        stays = (self.b + history.repeats + 1.0) / (self.a + self.b + history.repeats + 1.0)
        answer: Floats = self.alive(history) * stays * (1.0 - none - one)
        return answer

    def expected_orders(self, history: History, days: float) -> Floats:
        """Expected purchase days within `days`."""
        x, start = history.repeats, self.alpha + history.age
        rest = hyp2f1(self.r + x, self.b + x + 1.0, self.a + self.b + x, days / (start + days))
        shrunk = np.exp((self.r + x) * np.log(start / (start + days)))
        scale = self.a - 1.0
        if abs(scale) < 1e-6:  # the formula has a removable pole at a = 1
            scale = 1e-6
        answer: Floats = (self.a + self.b + x) / scale * (1.0 - rest * shrunk) * self.alive(history)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    """Spending per purchase day ~ Gamma(p, nu), nu ~ Gamma(q, v); v in minor units, `prior` the population mean."""

    p: float
    q: float
    v: float
    prior: float

    def expected_amount(self, mean: Floats, purchases: Floats) -> Floats:
        """Expected amount of a future purchase day, given the mean of `purchases` past ones (NaN or 0: none seen)."""
        seen = np.nan_to_num(purchases)
        weight = self.p * seen / (self.p * seen + self.q - 1.0)
        answer: Floats = (1.0 - weight) * self.prior + weight * np.nan_to_num(mean)
        return answer
