"""Stages as feature vectors tell them: by the number of orders while active, by silence after that."""

import numpy as np
import pytest

from customer.features.definitions import FEATURE_BY_NAME, FEATURE_NAMES
from scoring.engine.btyd import Floats
from tests.unit.training.outcomes import chances, outcome
from training.evaluation.outcome import Outcome
from training.evaluation.stages import channel_masks, group_masks, groups, stage_masks

GAPS = np.concatenate([np.arange(0.0, 101.0), np.full(19, np.nan)])
"""What a brand of 101 customers with a second order took for it: its P75 is 75 days, its P95 95."""


def judged(**columns: float | Floats) -> Outcome:
    found = outcome(chances(120), chances(120))
    given: dict[str, float | Floats] = {"last_gap_days": GAPS, "repeat_count": 1.0, **columns}
    for name, values in given.items():
        found.matrix[:, FEATURE_NAMES.index(name)] = values
    return found


def stages(**columns: float | Floats) -> set[str]:
    """Of customers who are all alike."""
    return {str(name) for name, mask in stage_masks(judged(**columns)).items() if mask.all()}


@pytest.mark.parametrize(
    ("orders", "silence", "stage"),
    [
        (1, 74.9, "NEW"), (2, 74.9, "DEVELOPING"), (3, 74.9, "DEVELOPING"), (4, 74.9, "LOYAL"),
        (1, 75.0, "LAPSING"), (9, 94.9, "LAPSING"), (1, 95.0, "FORMER"),
    ],
)  # fmt: skip
def test_the_rhythm_of_the_brand_says_who_is_active(orders: int, silence: float, stage: str) -> None:
    assert stages(order_count=orders, days_since_last_order=silence) == {stage}


@pytest.mark.parametrize(
    ("gaps", "silence", "stage"),
    [(3, 9.9, "LOYAL"), (3, 10.0, "LAPSING"), (3, 19.9, "LAPSING"), (3, 20.0, "FORMER"), (2, 20.0, "LOYAL")],
)
def test_from_three_gaps_on_it_is_their_own(gaps: int, silence: float, stage: str) -> None:
    own = {"p75_gap_days": 10.0, "longest_gap_days": 20.0, "repeat_count": gaps}
    assert stages(order_count=5, days_since_last_order=silence, **own) == {stage}


def test_while_nobody_has_ordered_twice_everybody_is_active() -> None:
    assert stages(order_count=1, days_since_last_order=900.0, last_gap_days=np.nan) == {"NEW"}


def test_groups_are_stages_and_channels_of_enough_customers() -> None:
    words = list(FEATURE_BY_NAME["last_order_channel"].vocabulary)
    codes = np.repeat([0.0, 1.0, np.nan], [70, 40, 10])
    found = judged(order_count=1, days_since_last_order=1.0, last_order_channel=codes)
    assert {name: int(mask.sum()) for name, mask in channel_masks(found).items() if mask.any()} == {
        words[0]: 70, words[1]: 40,
    }  # fmt: skip
    first, second = (f"last channel: {word.lower()}" for word in words[:2])
    assert group_masks(found, fewest=40).keys() == {"stage: new", first, second}
    assert group_masks(found, fewest=41).keys() == {"stage: new", first}
    assert len(groups(found, fewest=41)[first].churn) == 70
