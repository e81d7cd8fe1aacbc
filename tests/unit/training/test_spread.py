from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.engine.btyd import Floats
from scoring.engine.spec import ValueCalibration
from scoring.engine.value import interval_around
from training.models.spread import assumed_spread, spread_of, widened, widened_as_usual

ASSUMED = assumed_spread((0, 30), 100.0)
SEEDS = st.integers(0, 2**32 - 1)


def lives(seed: int, sigma: float, customers: int = 4000) -> tuple[Floats, Floats, Floats]:
    """P(no order), expected and actual amounts, which vary by sigma about what is expected given an order."""
    rng = np.random.default_rng(seed)
    no_order = rng.uniform(0.0, 0.75, customers)
    given_order = rng.lognormal(8.0, 1.0, customers)
    actual = given_order * rng.lognormal(-(sigma**2) / 2, sigma, customers) * (rng.random(customers) >= no_order)
    return no_order, given_order * (1 - no_order), actual


def spread_seen(no_order: Floats, expected: Floats, actual: Floats) -> ValueCalibration:
    came = actual > 0
    found = spread_of(no_order[came], (actual * (1 - no_order) / expected)[came], ASSUMED)
    assert found is not None
    return found


def held(spread: ValueCalibration, no_order: Floats, expected: Floats, actual: Floats) -> float:
    around = interval_around(expected, no_order, spread)
    return float(np.mean((actual >= around.low) & (actual <= around.high)))


@settings(max_examples=10, derandomize=True, deadline=None)
@given(seed=SEEDS, sigma=st.floats(0.2, 1.2))
def test_an_interval_holds_four_fifths_of_others_who_spend_alike(seed: int, sigma: float) -> None:
    spread = spread_seen(*lives(seed, sigma))
    assert 0.77 < held(spread, *lives(seed + 1, sigma)) < 0.84


@settings(max_examples=10, derandomize=True, deadline=None)
@given(price=st.sampled_from([999.0, 1999.0, 4900.0]), level=st.floats(0.96, 1.04))
def test_a_price_that_everybody_pays_is_held_though_the_level_is_off(price: float, level: float) -> None:
    exactly = np.full(500, price)
    spread = spread_seen(np.full(500, 0.02), exactly * 0.98 * np.linspace(0.98, 1.02, 500), exactly)
    around = interval_around(exactly * level, np.full(500, 0.0), spread)
    assert ((around.low <= price) & (price <= around.high)).all()
    assert (around.high - around.low < 0.3 * price).all()


@settings(max_examples=10, derandomize=True, deadline=None)
@given(seed=SEEDS, sigma=st.floats(0.3, 0.8), more=st.floats(0.8, 1.4))
def test_a_rehearsal_draws_ratios_apart_that_lay_too_near_and_never_together(
    seed: int, sigma: float, more: float
) -> None:
    spread = spread_seen(*lives(seed, sigma))
    no_order, expected, actual = lives(seed + 1, sigma * more)
    found = widened(spread, expected=expected, no_order=no_order, actual=actual)
    before, after = np.log(spread.ratios), np.log(found.ratios)
    assert (np.abs(after) >= np.abs(before)).all()
    assert held(found, no_order, expected, actual) > min(0.78, held(spread, no_order, expected, actual))


@settings(max_examples=10, derandomize=True, deadline=None)
@given(chances=st.lists(st.sampled_from([0.1, 0.1, 0.3, 0.6]), min_size=60, max_size=200))
def test_every_group_has_customers_however_alike_they_are(chances: list[float]) -> None:
    no_order = np.array(chances)
    found = spread_of(no_order, np.linspace(0.5, 1.5, len(no_order)), ASSUMED)
    assert found is not None
    assert len(found.ratios) == len(found.group_edges) + 1
    assert set(np.searchsorted(found.group_edges, no_order, side="right")) == set(range(len(found.ratios)))


def test_too_few_who_came_tell_no_spread() -> None:
    assert spread_of(np.full(59, 0.1), np.ones(59), ASSUMED) is None
    few = np.full(59, 0.1)
    assert widened(ASSUMED, expected=few, no_order=few, actual=few) == widened_as_usual(ASSUMED)
    assert widened_as_usual(ASSUMED) == replace(ASSUMED, ratios=widened_as_usual(ASSUMED).ratios)
