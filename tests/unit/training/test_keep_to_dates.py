"""Subscribers are known by the middle half of their gaps."""

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from training.models.model_fit import keep_to_dates


def _customers(regular: int, usual: int, *, repeats: int = 6) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """So many with gaps of 28 to 31 days, so many with gaps of 15 to 45; and as many again with one order each."""
    present = np.full((2 * (regular + usual), len(FEATURE_NAMES)), np.nan)
    present[:, FEATURE_NAMES.index("repeat_count")] = 0.0
    with_gaps = present[: regular + usual]
    with_gaps[:, FEATURE_NAMES.index("repeat_count")] = repeats
    with_gaps[:, FEATURE_NAMES.index("median_gap_days")] = 30.0
    for name, on_dates, otherwise in (("p25_gap_days", 28.0, 15.0), ("p75_gap_days", 31.0, 45.0)):
        with_gaps[:, FEATURE_NAMES.index(name)] = [on_dates] * regular + [otherwise] * usual
    return present


@pytest.mark.parametrize(
    ("regular", "usual", "expected"), [(40, 0, True), (40, 80, True), (39, 81, False), (29, 0, False), (0, 80, False)]
)
def test_a_brand_keeps_to_dates_where_a_third_of_those_with_many_orders_does(
    *, regular: int, usual: int, expected: bool
) -> None:
    assert keep_to_dates(_customers(regular, usual)) is expected


def test_few_gaps_are_no_rhythm() -> None:
    assert not keep_to_dates(_customers(100, 0, repeats=3))
