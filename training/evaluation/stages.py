"""The groups within which predictions must hold: life-cycle stages and channels, as far as feature vectors tell them.

The exact stage is the life-cycle engine's. From features alone the same rule is followed with what they carry: a
customer's own P75 gap as the alert and longest gap as the loss from three gaps on, before that the brand's.
"""

from collections.abc import Mapping

import numpy as np

from customer.features.definitions import FEATURE_BY_NAME
from customer.vocabulary import LifecycleStage
from scoring.engine.btyd import Flags, Floats
from training.evaluation.outcome import Outcome

STAGE, CHANNEL = "stage", "last channel"
_OWN_GAPS = 3


def stage_masks(outcome: Outcome) -> Mapping[str, Flags]:
    """Every customer is in one of the five."""
    orders, silence = outcome.feature("order_count"), outcome.feature("days_since_last_order")
    alert, lost = _thresholds(outcome)
    active, gone = silence < alert, silence >= lost
    return {
        LifecycleStage.NEW: active & (orders == 1),
        LifecycleStage.DEVELOPING: active & (orders >= 2) & (orders <= 3),
        LifecycleStage.LOYAL: active & (orders >= 4),
        LifecycleStage.LAPSING: ~active & ~gone,
        LifecycleStage.FORMER: ~active & gone,
    }


def channel_masks(outcome: Outcome) -> Mapping[str, Flags]:
    """By the channel of the last order."""
    last = outcome.feature("last_order_channel")
    return {word: last == code for code, word in enumerate(FEATURE_BY_NAME["last_order_channel"].vocabulary)}


def group_masks(outcome: Outcome, *, fewest: int) -> dict[str, Flags]:
    """Stages and channels of at least so many customers, by a name to show."""
    named = {f"{STAGE}: {name.lower()}": mask for name, mask in stage_masks(outcome).items()}
    named |= {f"{CHANNEL}: {name.lower()}": mask for name, mask in channel_masks(outcome).items()}
    return {name: mask for name, mask in named.items() if mask.sum() >= fewest}


def groups(outcome: Outcome, *, fewest: int) -> dict[str, Outcome]:
    """The customers of each of them."""
    return {name: outcome.rows(mask) for name, mask in group_masks(outcome, fewest=fewest).items()}


def _thresholds(outcome: Outcome) -> tuple[Floats, Floats]:
    own = outcome.feature("repeat_count") >= _OWN_GAPS
    last_gaps = outcome.feature("last_gap_days")
    known = last_gaps[~np.isnan(last_gaps)]
    alert, lost = np.quantile(known, [0.75, 0.95]) if known.size else (np.inf, np.inf)
    longest = np.where(own, outcome.feature("longest_gap_days"), lost)
    own_alert = np.where(own, outcome.feature("p75_gap_days"), alert)
    return own_alert, np.maximum(longest, own_alert)
