"""The compiled loop gives the numbers of numpy and LightGBM, or is not used."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine import ModelSet
from scoring.engine.fast_scores import FastScores
from scoring.engine.forest import forest_of
from scoring.engine.forest_kernel import add_raw_scores, ask_dates
from scoring.engine.parity import refuse_differences
from scoring.engine.trees import UnsupportedTreesError
from tests.small_models import SmallModels


@pytest.fixture(scope="session")
def fast(models: ModelSet, small: SmallModels) -> ModelSet:
    found = models.sped_up(small.matrix[:20])
    assert found is not models
    return found


def test_every_prediction_is_the_same_also_with_missing_features(
    models: ModelSet, fast: ModelSet, small: SmallModels
) -> None:
    refuse_differences(models, fast, small.matrix)


def test_a_horizon_beyond_the_trained_one_is_answered_by_the_reference(
    models: ModelSet, fast: ModelSet, small: SmallModels
) -> None:
    far, expected = (one.scores(small.matrix[:20], horizon_days=400) for one in (fast, models))
    assert far.value is not None
    assert expected.value is not None
    np.testing.assert_array_equal(far.value.expected, expected.value.expected)


def test_drivers_are_the_same(models: ModelSet, fast: ModelSet, small: SmallModels) -> None:
    ours, theirs = (one.scores(small.matrix[:40], drivers=5).reasons for one in (fast, models))
    assert ours is not None
    assert theirs is not None
    for found, expected in ((ours.churn, theirs.churn), (ours.value, theirs.value)):
        assert found is not None
        assert expected is not None
        np.testing.assert_allclose(found.values, expected.values, atol=1e-9)
        np.testing.assert_allclose(found.base, expected.base, atol=1e-9)


def test_threads_share_the_rows_without_changing_them(fast: ModelSet, small: SmallModels) -> None:
    many = np.tile(small.matrix, (5, 1))
    np.testing.assert_array_equal(fast.scores(many, threads=2).within, fast.scores(many).within)


def test_who_never_ordered_is_nan_among_the_others(fast: ModelSet, small: SmallModels) -> None:
    rows = small.matrix[:3].copy()
    rows[1, fast.spec.columns.index("order_count")] = 0.0
    scores = fast.scores(rows, drivers=2)
    assert np.isnan(scores.churn).tolist() == [False, True, False]
    assert scores.has_orders.tolist() == [True, False, True]
    assert scores.reasons is not None
    assert scores.reasons.churn is not None
    assert len(scores.reasons.churn.inputs) == 2


def test_models_that_answer_differently_are_left_as_they_are(models: ModelSet, small: SmallModels) -> None:
    class Other(ModelSet):
        def _loyalty(self, *given: object) -> np.typing.NDArray[np.float64]:
            return np.full(len(given[0]), 0.5)  # type: ignore[arg-type]

    other = Other(models.spec, models.boosters)
    assert other.sped_up(small.matrix[:20]) is other


def test_a_baseline_is_left_to_the_reference(models: ModelSet, small: SmallModels) -> None:
    basis = {**models.spec.basis, str(PredictionKind.NEXT_PURCHASE): str(PredictionBasis.BASELINE)}
    baseline = ModelSet(replace(models.spec, basis=basis), models.boosters)
    assert baseline.sped_up(small.matrix[:20]) is baseline
    with pytest.raises(UnsupportedTreesError, match="baseline"):
        FastScores(baseline.spec, baseline.boosters)


def test_without_amounts_the_rest_is_still_fast(models: ModelSet, small: SmallModels) -> None:
    spec = replace(models.spec, value=None, spending=None)
    poor = ModelSet(spec, {name: found for name, found in models.boosters.items() if name != "value"})
    found = poor.sped_up(small.matrix[:20])
    assert found is not poor
    assert found.scores(small.matrix[:5]).value is None


@pytest.mark.parametrize("dates", [1, 24, 64])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_walk_over_many_dates_is_lightgbms_score_at_each(dates: int, missing: float) -> None:
    chance = np.random.default_rng(2)
    inputs = np.round(chance.normal(size=(900, 6)) * 4).astype(np.float32)
    inputs[chance.random(inputs.shape) < missing] = np.nan
    data = lightgbm.Dataset(inputs, np.nan_to_num(inputs[:, 0] * inputs[:, 4] + inputs[:, 5]))
    booster = lightgbm.train({"verbose": -1, "num_leaves": 31, "num_threads": 1}, data, num_boost_round=20)
    forest = forest_of([booster, booster], static=4)
    customer, when = inputs[0, :4], np.ascontiguousarray(inputs[:dates, 4:])
    answers, found = np.empty(len(forest.questions), dtype=np.uint64), np.zeros(dates)
    ask_dates(forest.questions, when, answers)
    add_raw_scores(forest, customer, answers, found)
    joined = np.concatenate([np.tile(customer, (dates, 1)), when], axis=1)
    np.testing.assert_allclose(found, booster.predict(joined, raw_score=True, num_threads=1), atol=1e-12)
