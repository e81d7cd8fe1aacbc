"""A shop too young for a rehearsal: the formulas have half of the level, unless orders come as they never suppose."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.integration.training.shop import START, Order, trained_on
from training.blending import Say, fit_blend
from training.level import formulas_know

AS_OF = START + timedelta(days=110)
Gap = Callable[[random.Random], float]


def young_shop(gap: Gap) -> list[Order]:
    """The first months of 150 customers, one in twenty of whom leaves after each order."""
    chance = random.Random(4)
    found: list[Order] = []
    for customer in range(150):
        at = START + timedelta(days=chance.uniform(0, 60), hours=10)
        while at < AS_OF:
            found.append(Order(customer=f"c{customer}", order=f"o{len(found)}", at=at, amount=20.0, received=at))
            if chance.random() < 0.05:
                break
            at += timedelta(days=gap(chance))
    return found


def now_and_then(chance: random.Random) -> float:
    return chance.expovariate(1 / 21)


def every_three_weeks(_: random.Random) -> float:
    return 21.0


@pytest.mark.parametrize(("gap", "known"), [(now_and_then, True), (every_three_weeks, False)])
def test_formulas_set_half_of_the_level_where_they_know_such_customers(tmp_path: Path, gap: Gap, known: bool) -> None:
    trained, _ = trained_on(tmp_path, young_shop(gap), as_of=AS_OF, horizon_days=45)
    assert trained.rehearsal is None
    models = trained.models
    assert formulas_know(models, trained.learning, threads=1) is known
    assert models.spec.blend is not None
    said = models.opinions(trained.present.values)
    level_of_trees, of_both = (
        fit_blend(said, Say(level=0.5, formulas_fit=fits)).hazard_shift for fits in (False, True)
    )
    assert not np.allclose(level_of_trees, of_both, atol=1e-3)
    np.testing.assert_allclose(models.spec.blend.hazard_shift, of_both if known else level_of_trees, atol=1e-9)
