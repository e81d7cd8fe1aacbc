import numpy as np

from scoring.engine.spec import ValueCalibration
from scoring.engine.value import interval_around


def test_where_everybody_pays_the_same_the_expectation_lies_in_its_interval() -> None:
    beside_an_atom = ValueCalibration(
        edges=[0.0, 30.0], unit_minor=1.0, group_edges=[], levels=[0.1, 0.9], ratios=[[1.04, 1.06]]
    )
    found = interval_around(np.array([970.0]), np.array([0.0]), beside_an_atom)
    assert found.low[0] == 970.0
    assert found.high[0] > 1000.0
