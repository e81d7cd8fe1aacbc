import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from customer.errors import FeatureSetMismatchError
from customer.features.definitions import FEATURE_NAMES
from customer.vocabulary import PredictionBasis, PredictionKind
from scoring.engine import ModelSet, UnusableModelSetError, load_model_set
from scoring.engine.btyd import Floats
from tests.small_models import SmallModels

AS_OF = datetime(2025, 10, 1, tzinfo=UTC)


def without_orders() -> Floats:
    row = np.full((1, len(FEATURE_NAMES)), np.nan)
    row[0, FEATURE_NAMES.index("order_count")] = 0.0
    return row


def test_churn_and_the_distribution_agree_exactly_at_the_horizon(models: ModelSet, small: SmallModels) -> None:
    scores = models.scores(small.matrix)
    at_horizon = scores.within[:, list(scores.days).index(float(models.horizon_days))]
    assert 1.0 - scores.churn == pytest.approx(at_horizon, abs=1e-9)


@pytest.mark.parametrize("horizon", [7, 60, 365, 1000])
def test_any_horizon_is_answered_from_one_distribution(models: ModelSet, small: SmallModels, horizon: int) -> None:
    scores = models.scores(small.matrix, horizon_days=horizon)
    assert np.all((scores.churn > 0.0) & (scores.churn < 1.0))
    assert np.all(scores.p10_days <= scores.p50_days)
    assert np.all(scores.p50_days <= scores.p90_days)
    assert np.all(scores.p10_days >= 0.0)
    assert np.all(np.diff(scores.within, axis=1) >= 0.0)
    assert scores.value is not None
    assert np.all(scores.value.low <= scores.value.high)


def test_a_longer_horizon_lowers_churn_and_raises_value(models: ModelSet, small: SmallModels) -> None:
    short, long = (models.scores(small.matrix, horizon_days=days) for days in (30, 90))
    assert np.all(short.churn >= long.churn)
    assert short.value is not None
    assert long.value is not None
    assert np.all(short.value.expected <= long.value.expected)


def test_what_is_observed_within_other_horizons_is_what_is_answered(models: ModelSet, small: SmallModels) -> None:
    horizons = (20, 60, 90)
    for days, (no_order, expected) in zip(horizons, models.worth_within(small.matrix, horizons), strict=True):
        scores = models.scores(small.matrix, horizon_days=days)
        assert scores.value is not None
        assert no_order == pytest.approx(scores.churn)
        assert expected == pytest.approx(scores.value.expected)


def test_a_prediction_does_not_depend_on_who_is_asked_for_beside(models: ModelSet, small: SmallModels) -> None:
    together = models.scores(small.matrix[:50])
    alone = models.scores(small.matrix[17:18])
    assert alone.churn[0] == pytest.approx(together.churn[17], abs=1e-12)
    assert alone.p50_days[0] == pytest.approx(together.p50_days[17], abs=1e-9)


def test_contributions_add_up_to_the_churn_probability(models: ModelSet, small: SmallModels) -> None:
    scores = models.scores(small.matrix[:40], drivers=5)
    assert scores.reasons is not None
    churn = scores.reasons.churn
    assert churn is not None
    assert churn.base + churn.values.sum(axis=1) == pytest.approx(logit(scores.churn), abs=1e-4)


def test_contributions_add_up_to_the_value_of_the_first_interval(models: ModelSet, small: SmallModels) -> None:
    assert models.spec.blend is not None
    assert models.spec.blend.value_weight > 0.0
    assert models.spec.value is not None
    reasons = models.scores(small.matrix[:40], drivers=5).reasons
    first = models.scores(small.matrix[:40], horizon_days=int(models.spec.value.edges[1])).value
    assert reasons is not None
    assert reasons.value is not None
    assert first is not None
    assert reasons.value.base + reasons.value.values.sum(axis=1) == pytest.approx(np.log(first.expected), abs=1e-4)


def test_drivers_are_the_strongest_first_and_speak_both_languages(models: ModelSet, small: SmallModels) -> None:
    found = models.predict(small.matrix[:5], as_of=AS_OF, drivers=3, ids=list("abcde"))
    assert [one.id for one in found] == list("abcde")
    churn, later = found[0].churn, found[0].next_purchase
    assert churn is not None
    assert later is not None
    strengths = [abs(driver.contribution) for driver in churn.drivers]
    assert len(strengths) == 3
    assert strengths == sorted(strengths, reverse=True)
    assert churn.drivers[0].text_en
    assert churn.drivers[0].text_fr
    assert churn.drivers[0].contribution == -later.drivers[0].contribution


def test_who_never_ordered_gets_reasons_instead_of_numbers(models: ModelSet, small: SmallModels) -> None:
    prospect, buyer = models.predict(np.concatenate([without_orders(), small.matrix[:1]]), as_of=AS_OF, drivers=2)
    assert prospect.churn is None
    assert {reason.code for reason in prospect.unavailable} == {"NO_ORDER_YET"}
    assert buyer.churn is not None
    assert buyer.churn.drivers


def test_loyalty_potential_is_said_of_customers_with_one_order_alone(models: ModelSet, small: SmallModels) -> None:
    orders = small.matrix[:, FEATURE_NAMES.index("order_count")]
    assert np.array_equal(~np.isnan(models.scores(small.matrix).loyalty), orders == 1)


def test_without_amounts_value_says_why_it_is_missing(models: ModelSet, small: SmallModels) -> None:
    spec = replace(
        models.spec, value=None, spending=None, unavailable={PredictionKind.VALUE: ["NO_AMOUNTS", "no amounts"]}
    )
    boosters = {name: found for name, found in models.boosters.items() if name != "value"}
    [answer] = ModelSet(spec, boosters).predict(small.matrix[:1], as_of=AS_OF)
    assert answer.value is None
    assert [reason.code for reason in answer.unavailable] == ["NO_AMOUNTS"]


def test_without_trees_the_baseline_answers_and_says_so(models: ModelSet, small: SmallModels) -> None:
    basis = {str(kind): str(PredictionBasis.BASELINE) for kind in PredictionKind}
    [answer] = ModelSet(replace(models.spec, basis=basis), {}).predict(small.matrix[:1], as_of=AS_OF, drivers=3)
    assert answer.churn is not None
    assert answer.churn.model.basis == "BASELINE"
    assert answer.churn.drivers == []
    assert answer.value is not None


def test_a_model_set_of_other_features_is_refused(small: SmallModels, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(small.folder, foreign)
    spec = json.loads((foreign / "model_set.json").read_text())
    (foreign / "model_set.json").write_text(json.dumps({**spec, "feature_set": "another"}))
    with pytest.raises(FeatureSetMismatchError, match="another"):
        load_model_set(foreign)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 99}', '{"format": 1}'])
def test_what_is_no_model_set_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "model_set.json").write_text(content)
    with pytest.raises(UnusableModelSetError, match="no usable model set"):
        load_model_set(tmp_path)
