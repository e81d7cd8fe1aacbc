import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    mean_pinball_loss,
    mean_tweedie_deviance,
    roc_auc_score,
)

from training.evaluation import metrics

RNG = np.random.default_rng(5)
SCORE = np.round(RNG.random(400), 2)  # with ties
TRUTH = RNG.random(400) < SCORE


def test_ranking_measures_are_those_of_scikit_learn() -> None:
    assert metrics.auc(SCORE, TRUTH) == pytest.approx(roc_auc_score(TRUTH, SCORE))
    assert metrics.average_precision(SCORE, TRUTH) == pytest.approx(average_precision_score(TRUTH, SCORE))


def test_the_order_of_rows_is_nothing_to_a_measure_though_scores_are_equal() -> None:
    amount = RNG.exponential(10.0, 400)
    other = RNG.permutation(400)
    for of_churn in (metrics.auc, metrics.average_precision, metrics.calibration_error):
        assert of_churn(SCORE[other], TRUTH[other]) == pytest.approx(of_churn(SCORE, TRUTH))
    for of_value in (metrics.normalised_gini, metrics.top_decile_capture):
        assert of_value(amount[other], SCORE[other]) == pytest.approx(of_value(amount, SCORE))


def test_proper_scores_are_those_of_scikit_learn() -> None:
    clipped = np.clip(SCORE, 0.01, 0.99)
    assert metrics.brier(clipped, TRUTH) == pytest.approx(brier_score_loss(TRUTH, clipped))
    assert metrics.log_loss(clipped, TRUTH) == pytest.approx(log_loss(TRUTH, clipped))


def test_a_calibrated_score_has_a_small_calibration_error_and_a_shifted_one_that_of_the_shift() -> None:
    score = np.linspace(0.1, 0.8, 150_000)
    truth = np.random.default_rng(1).random(len(score)) < score
    assert metrics.calibration_error(score, truth) < 0.01
    assert metrics.calibration_error(score + 0.1, truth) == pytest.approx(0.1, abs=0.01)


def test_perfect_probabilities_of_few_customers_show_a_calibration_error_by_chance() -> None:
    half = np.linspace(
        0.4999, 0.5001, 1500
    )  # 15 groups of 100: a mean distance of sqrt(2 / pi) standard errors of 0.05
    assert metrics.calibration_error_by_chance(half) == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.05)
    assert metrics.calibration_error_by_chance(np.full(1500, 1.0)) == 0.0


def test_concordance_is_one_for_the_right_order_and_half_for_none() -> None:
    waits = np.array([1.0, 5.0, 9.0, np.nan] * 50)
    order = np.array([1.0, 2.0, 3.0, 4.0] * 50)
    assert metrics.concordance(order, waits, 30.0) == 1.0
    assert metrics.concordance(np.zeros(200), waits, 30.0) == 0.5


def test_the_quantile_loss_of_a_perfect_prediction_is_zero_and_waits_beyond_the_horizon_count_as_the_horizon() -> None:
    waits = np.array([3.0, 50.0, np.nan])
    assert metrics.pinball({0.5: np.array([3.0, 50.0, 400.0])}, waits, 90.0) == 0.0
    assert metrics.pinball({0.5: np.array([3.0, 50.0, 80.0])}, waits, 90.0) == pytest.approx(5.0 / 3)


def test_the_quantile_loss_is_the_mean_of_those_of_scikit_learn_over_the_levels() -> None:
    waits, days = RNG.exponential(20.0, 300), {level: RNG.exponential(20.0, 300) for level in (0.1, 0.9)}
    seen = np.minimum(waits, 30.0)
    each = [mean_pinball_loss(seen, np.minimum(found, 30.0), alpha=level) for level, found in days.items()]
    assert metrics.pinball(days, np.where(waits < 30.0, waits, np.nan), 30.0) == pytest.approx(np.mean(each))


def test_the_deviance_of_value_is_that_of_scikit_learn_and_a_net_return_counts_as_nothing() -> None:
    amount = np.where(RNG.random(300) < 0.4, 0.0, RNG.lognormal(0.0, 2.0, 300))
    expected = RNG.lognormal(0.0, 1.0, 300)
    known = mean_tweedie_deviance(amount, expected, power=1.5)
    assert metrics.tweedie_deviances(amount, expected).mean() == pytest.approx(known)
    assert metrics.tweedie_deviances(np.array([-5.0]), np.ones(1)) == metrics.tweedie_deviances(np.zeros(1), np.ones(1))
    assert np.isfinite(metrics.tweedie_deviances(np.ones(1), np.zeros(1))).all()


def test_coverage_of_the_true_distribution_is_four_fifths_with_censoring() -> None:
    rng = np.random.default_rng(2)
    waits = rng.exponential(60.0, 100_000)
    came = waits < 45.0
    position = 1.0 - np.exp(-np.minimum(waits, 45.0) / 60.0)
    assert metrics.interval_coverage(position, came) == pytest.approx(0.8, abs=0.01)


def test_value_measures_at_their_extremes() -> None:
    amount = np.array([0.0, 1.0, 5.0, 100.0] * 25)
    assert metrics.normalised_gini(amount, amount) == pytest.approx(1.0)
    assert metrics.normalised_gini(amount, -amount) < 0.0
    assert metrics.spearman(amount, amount**2) == pytest.approx(1.0)
    assert metrics.total_bias(amount, amount * 1.1) == pytest.approx(0.1)
    assert metrics.top_decile_capture(amount, amount) == pytest.approx(1000.0 / amount.sum())


def test_measures_without_meaning_are_nan() -> None:
    nobody = np.zeros(3, dtype=bool)
    assert np.isnan(metrics.auc(np.arange(3.0), nobody))
    assert np.isnan(metrics.average_precision(np.arange(3.0), nobody))
    assert np.isnan(metrics.spearman(np.ones(3), np.arange(3.0)))
