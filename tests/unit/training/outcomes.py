"""Made-up predictions and what came of them, for tests of how they are judged."""

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats
from training.evaluation.outcome import Outcome

HORIZON = 30


def outcome(truth: Floats, churn: Floats, *, seed: int = 0) -> Outcome:
    """Customers whose P(no order) is `truth` and was predicted as `churn`; waits are exponential. No amounts."""
    rng = np.random.default_rng(seed)
    rate = -np.log(np.clip(truth, 1e-6, 1 - 1e-6)) / HORIZON
    waits = rng.exponential(1.0 / rate)
    predicted = -np.log(np.clip(churn, 1e-6, 1 - 1e-6)) / HORIZON
    wait_days = np.where(waits < HORIZON, waits, np.nan)
    matrix = np.ones((len(truth), len(FEATURE_NAMES)))
    return Outcome(
        horizon_days=HORIZON, matrix=matrix, churned=waits >= HORIZON, wait_days=wait_days, amount=None, churn=churn,
        quantiles={level: -np.log1p(-level) / predicted for level in (0.1, 0.5, 0.9)},
        position=1.0 - np.exp(-predicted * np.minimum(waits, HORIZON)), value=None, low=None, high=None,
    )  # fmt: skip


def chances(customers: int = 600) -> Floats:
    """P(no order) of so many customers, spread over the whole range."""
    return np.random.default_rng(3).uniform(0.05, 0.95, customers)
