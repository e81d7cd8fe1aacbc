import numpy as np
import pytest

from scoring.engine.btyd import Floats, History, MbgNbd
from training.models.baselines import fit_gamma_gamma, fit_mbg_nbd
from training.models.influence import bound

TRUE = MbgNbd(r=0.9, alpha=40.0, a=0.4, b=2.0)


def simulated(size: int, days: float) -> History:
    rng = np.random.default_rng(11)
    rate, leaving = rng.gamma(TRUE.r, 1.0 / TRUE.alpha, size), rng.beta(TRUE.a, TRUE.b, size)
    age = rng.uniform(days / 2, days, size)
    repeats, last, clock = np.zeros(size), np.zeros(size), np.zeros(size)
    alive = rng.random(size) > leaving
    while alive.any():
        clock[alive] += rng.exponential(1.0, int(alive.sum())) / rate[alive]
        alive &= clock < age
        repeats[alive] += 1.0
        last[alive] = clock[alive]
        alive &= rng.random(size) > leaving
    return History(repeats=repeats, last=last, age=age)


def test_the_fit_foretells_orders_of_the_process_that_made_the_data() -> None:
    found = fit_mbg_nbd(simulated(4000, 500.0))
    fresh = History(repeats=np.zeros(1), last=np.zeros(1), age=np.zeros(1))
    for days in (30.0, 180.0, 365.0):
        assert found.expected_orders(fresh, days)[0] == pytest.approx(TRUE.expected_orders(fresh, days)[0], rel=0.08)
        silent = found.silent_at(fresh, np.array([days]))[0]
        assert silent == pytest.approx(TRUE.silent_at(fresh, np.array([days]))[0], abs=0.03)


def test_nobody_with_an_order_gives_finite_parameters() -> None:
    none = np.full(3, np.nan)
    found = fit_mbg_nbd(History(repeats=none, last=none, age=none))
    assert np.isfinite([found.r, found.alpha, found.a, found.b]).all()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_handful_of_customers_gives_finite_parameters(size: int) -> None:
    repeats = np.arange(size, dtype=np.float64)
    found = fit_mbg_nbd(History(repeats=repeats, last=np.full(size, 9.0), age=np.full(size, 30.0)))
    assert np.isfinite([found.r, found.alpha, found.a, found.b]).all()


def spent(size: int) -> tuple[Floats, Floats]:
    """Mean amounts and numbers of purchases by Gamma-Gamma with p = 2.5, q = 3 and v = 60."""
    rng = np.random.default_rng(4)
    rate = rng.gamma(3.0, 1.0 / 60.0, size)
    count = rng.integers(1, 12, size).astype(float)
    return rng.gamma(2.5 * count) / rate / count, count


@pytest.mark.parametrize(("times", "moved"), [(3.0, 0.01), (2000.0, 0.1), (1e6, 0.15)])
def test_one_giant_hardly_moves_what_newcomers_are_expected_to_spend(times: float, moved: float) -> None:
    mean, count = spent(500)
    usual = fit_gamma_gamma(mean, count, unit_minor=50.0)
    mean[np.argsort(mean)[250]] *= times
    found = fit_gamma_gamma(mean, count, unit_minor=50.0)
    assert found.prior == pytest.approx(usual.prior, rel=moved)


def test_nobody_is_cut_where_nobody_decides_alone_and_a_giant_to_a_twentieth_of_all() -> None:
    mean, _ = spent(500)
    assert bound(mean) == np.inf
    assert bound(np.ones(10)) == np.inf  # too few to tell
    for giants in (1, 3):
        mean[:giants] = 1e9
        cut = np.minimum(mean, bound(mean))
        assert cut.max() / cut.sum() == pytest.approx(0.05)
        assert (cut[giants:] == mean[giants:]).all()


def test_the_fit_of_spending_finds_the_process_that_made_the_data() -> None:
    found = fit_gamma_gamma(*spent(6000), unit_minor=50.0)
    assert [found.p, found.q, found.v] == pytest.approx([2.5, 3.0, 60.0], rel=0.2)
    assert found.prior == pytest.approx(2.5 * 60.0 / 2.0, rel=0.05)


def test_spending_shrinks_towards_the_brand_the_less_was_seen() -> None:
    found = fit_gamma_gamma(*spent(3000), unit_minor=50.0)
    once, often = found.expected_amount(np.array([500.0, 500.0]), np.array([1.0, 30.0]))
    assert found.prior < once < often < 500.0


def test_spending_scales_with_the_currency() -> None:
    mean, count = np.array([10.0, 20.0, 35.0, 80.0]), np.array([1.0, 3.0, 2.0, 5.0])
    small = fit_gamma_gamma(mean, count, unit_minor=25.0).expected_amount(mean, count)
    large = fit_gamma_gamma(mean * 100, count, unit_minor=2500.0).expected_amount(mean * 100, count)
    assert large == pytest.approx(small * 100, rel=1e-9)


def test_a_wholesaler_moves_the_expected_amount_no_further_than_to_twice_what_it_would_be() -> None:
    amounts = np.array([1.0] * 50 + [1e6])
    assert 1.0 < fit_gamma_gamma(amounts, np.full(51, 3.0), unit_minor=1.0).prior < 2.0
    steep = np.array([1.0, 1.0, 1.0, 50.0])  # whose fitted mean does not exist
    assert fit_gamma_gamma(steep, np.full(4, 3.0), unit_minor=1.0).prior == pytest.approx(steep.mean())


def test_without_amounts_the_brands_own_unit_is_expected() -> None:
    none = fit_gamma_gamma(np.array([0.0, -5.0, 7.0]), np.array([1.0, 1.0, 0.0]), unit_minor=900.0)
    assert none.prior == none.expected_amount(np.zeros(1), np.zeros(1))[0] == 900.0
