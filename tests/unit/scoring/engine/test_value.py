import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.engine.spec import ValueCalibration
from scoring.engine.value import interval_around

CHANCES = np.array([0.0, 0.05, 0.0999, 0.1, 0.4, 0.7, 0.7999, 0.8, 0.95, 1.0])


def test_where_everybody_pays_the_same_the_expectation_lies_in_its_interval() -> None:
    beside_an_atom = ValueCalibration(
        edges=[0.0, 30.0], unit_minor=1.0, group_edges=[], levels=[0.1, 0.9], ratios=[[1.04, 1.06]]
    )
    found = interval_around(np.array([970.0]), np.array([0.0]), beside_an_atom)
    assert found.low[0] == 970.0
    assert found.high[0] > 1000.0


@settings(max_examples=25, derandomize=True, deadline=None)
@given(ratios=st.lists(st.floats(0.01, 20.0), min_size=3, max_size=3).map(sorted), expected=st.floats(1.0, 1e7))
def test_an_interval_begins_at_zero_or_below_the_value_and_ends_at_zero_for_who_stays_away(
    ratios: list[float], expected: float
) -> None:
    spread = ValueCalibration(
        edges=[0.0, 30.0], unit_minor=1.0, group_edges=[0.3], levels=[0.1, 0.5, 0.9], ratios=[ratios, ratios]
    )
    found = interval_around(np.full(len(CHANCES), expected), CHANCES, spread)
    assert (found.low <= found.expected).all()
    assert (found.low <= found.high).all()
    assert ((found.low == 0.0) == (CHANCES >= 0.1)).all()
    assert ((found.high == 0.0) == (CHANCES >= 0.8)).all()
