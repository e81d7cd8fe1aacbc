import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.engine.btyd import Floats, GammaGamma, History, MbgNbd
from scoring.engine.distribution import LONGEST_DAYS, Curve, baseline_curve, log_survival

EDGES = np.array([0.0, 7.0, 14.0, 30.0, 90.0, 180.0])
BTYD = MbgNbd(r=0.8, alpha=60.0, a=0.3, b=2.5)
log_odds = st.lists(st.floats(-9, 4), min_size=5, max_size=5)


def history(repeats: float, last: float, age: float) -> History:
    return History(repeats=np.array([repeats]), last=np.array([last]), age=np.array([age]))


def curve(hazards: list[float]) -> Curve:
    return Curve(edges=EDGES, log_survival=log_survival(np.array([hazards])))


@given(log_odds)
def test_quantiles_do_not_cross_and_never_lie_in_the_past(hazards: list[float]) -> None:
    days = [float(curve(hazards).quantile(level)[0]) for level in (0.1, 0.5, 0.9)]
    assert 0.0 <= days[0] <= days[1] <= days[2] <= LONGEST_DAYS


@given(log_odds, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_curve_at_a_quantile_is_that_quantile(hazards: list[float], level: float) -> None:
    found = curve(hazards)
    days = float(found.quantile(level)[0])
    if days < LONGEST_DAYS:
        assert 1.0 - found.silent_through(days)[0] == pytest.approx(level, abs=1e-6)


def test_beyond_the_last_edge_the_hazard_goes_on() -> None:
    found = curve([-2.0] * 5)
    assert found.silent_through(360.0)[0] < found.silent_through(180.0)[0]


def test_the_baseline_curve_is_that_of_mbg_nbd() -> None:
    someone = history(4.0, 200.0, 230.0)
    found = baseline_curve(BTYD, someone, EDGES).silent_through_each(EDGES[1:])
    assert found == pytest.approx(BTYD.silent_for(someone, EDGES[1:]))


def test_silence_makes_a_regular_buyer_less_likely_to_be_alive_than_a_rare_one() -> None:
    regular, rare = history(20.0, 200.0, 300.0), history(1.0, 200.0, 300.0)
    assert BTYD.alive(regular)[0] < BTYD.alive(rare)[0]


def test_the_formulas_agree_with_a_simulation_of_new_customers() -> None:
    rng = np.random.default_rng(3)
    size, days = 60_000, 180.0
    rate = rng.gamma(BTYD.r, 1.0 / BTYD.alpha, size)
    leaving = rng.beta(BTYD.a, BTYD.b, size)
    orders = np.zeros(size)
    clock = np.zeros(size)
    alive = rng.random(size) > leaving
    while alive.any():
        clock[alive] += rng.exponential(1.0, int(alive.sum())) / rate[alive]
        alive &= clock < days
        orders[alive] += 1.0
        alive &= rng.random(size) > leaving
    fresh = history(0.0, 0.0, 0.0)
    assert BTYD.silent_at(fresh, np.array([days]))[0] == pytest.approx(float(np.mean(orders == 0)), abs=0.01)
    assert BTYD.at_least_two(fresh, np.array([days]))[0] == pytest.approx(float(np.mean(orders >= 2)), abs=0.01)
    assert BTYD.expected_orders(fresh, days)[0] == pytest.approx(float(orders.mean()), rel=0.03)


@pytest.mark.parametrize(("mean", "purchases"), [(np.nan, 0.0), (50.0, 0.0)])
def test_spending_of_whom_nothing_is_known_is_the_brands(mean: float, purchases: float) -> None:
    spending = GammaGamma(p=2.0, q=3.0, v=40.0, prior=80.0)
    found: Floats = spending.expected_amount(np.array([mean]), np.array([purchases]))
    assert found[0] == pytest.approx(80.0)
