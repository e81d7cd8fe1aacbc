"""What a rehearsal is judged by: churn, quantiles and the place of what came are of one distribution."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from scoring.engine.distribution import LONGEST_DAYS
from scoring.engine.model_set import ModelSet
from tests.integration.training.conftest import Predictions
from training.evaluation.backtest import judged_rehearsal
from training.evaluation.outcome import Outcome, measure
from training.registry.promotion import compare_with
from training.train import Rehearsal, Trained


def of_models(rehearsal: Rehearsal) -> Outcome:
    return rehearsal.models


def of_baseline(rehearsal: Rehearsal) -> Outcome:
    return rehearsal.baseline


@pytest.mark.parametrize("side", [of_models, of_baseline])
def test_all_that_is_judged_is_of_one_distribution(
    shop_models: tuple[Trained, Predictions], side: Callable[[Rehearsal], Outcome]
) -> None:
    rehearsal = shop_models[0].rehearsal
    assert rehearsal is not None
    found = side(rehearsal)
    came = found.wait_days < found.horizon_days
    assert 0 < came.sum() < len(came)
    assert (found.churned == ~came).all()
    assert found.position[~came] == pytest.approx(1.0 - found.churn[~came], abs=1e-9)
    assert (found.position[came] <= 1.0 - found.churn[came] + 1e-9).all()

    early, middle, late = (found.quantiles[level] for level in (0.1, 0.5, 0.9))
    assert ((early < middle) | (early == LONGEST_DAYS)).all()
    assert ((middle < late) | (middle == LONGEST_DAYS)).all()
    told = measure(found)
    assert told["next_median_error"] == pytest.approx(np.median(np.abs(middle - found.wait_days)[came]))
    assert told["churn_in_the_large"] == pytest.approx(found.churn.mean() - found.churned.mean())
    within = found.wait_days < 0.9 * found.horizon_days  # at the very end the hour of the last day decides
    assert ((found.position < 0.5) == (found.wait_days < middle))[within].mean() > 0.95


def test_value_is_judged_by_what_was_spent_and_an_interval_only_where_there_is_one(
    shop_models: tuple[Trained, Predictions],
) -> None:
    rehearsal = shop_models[0].rehearsal
    assert rehearsal is not None
    models, baseline = rehearsal.models, rehearsal.baseline
    assert models.amount is not None
    assert models.value is not None
    assert models.low is not None
    assert models.high is not None
    assert (models.amount[models.churned] == 0.0).all()
    assert (models.amount[~models.churned] > 0.0).any()
    told = measure(models)
    assert told["value_mae"] == pytest.approx(np.abs(models.amount - models.value).mean())
    assert told["value_bias"] == pytest.approx(models.value.sum() / models.amount.sum() - 1.0)
    inside = (models.amount >= models.low) & (models.amount <= models.high)
    assert told["value_coverage"] == pytest.approx(inside.mean())
    away = models.rows(models.churned)
    assert away.value is not None
    assert away.value.tolist() == models.value[models.churned].tolist()
    assert baseline.rows(models.churned).low is None
    assert "value_spearman" in measure(baseline)
    assert "value_coverage" not in measure(baseline)


def test_a_champion_is_compared_by_whatever_it_cannot_have_seen(shop_models: tuple[Trained, Predictions]) -> None:
    trained = shop_models[0]
    spec, fold = trained.models.spec, judged_rehearsal(trained)
    assert fold is not None

    def against(*, as_of: datetime = fold.as_of, horizon_days: int = spec.horizon_days) -> list[str]:
        other = replace(spec, id="another", as_of=as_of.isoformat(), horizon_days=horizon_days)
        return [check.check for check in compare_with(ModelSet(other, trained.models.boosters), trained, fold)]

    kinds = ["champion churn", "champion next_purchase", "champion value"]
    assert against() == [*kinds, "improvement"]
    last = datetime.fromisoformat(spec.as_of)
    assert against(as_of=last) == ["champion churn log loss", "champion quantile loss", "improvement"]
    assert against(as_of=fold.as_of + timedelta(microseconds=1)) == ["champion"], "30 days less are another moment"
    assert against(horizon_days=spec.horizon_days + 1) == ["champion"]
    [unknown] = compare_with(trained.models, trained, None)
    assert (unknown.check, unknown.passed) == ("champion", True)
