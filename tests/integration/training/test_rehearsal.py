"""What a rehearsal is judged by: churn, quantiles and the place of what came are of one distribution."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scoring.engine.distribution import LONGEST_DAYS
from scoring.engine.model_set import ModelSet
from tests.integration.training.conftest import Predictions
from tests.integration.training.shop import AS_OF, NOW, TINY, Order, write_orders
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot
from training.evaluation.outcome import Outcome, measure
from training.judging.backtest import fold_of, judged_rehearsal
from training.registry.beside_champion import compare_with
from training.train import Rehearsal, Trained, train_models


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


def test_a_fold_is_dated_by_the_brands_calendar(shop_models: tuple[Trained, Predictions]) -> None:
    trained, _ = shop_models
    assert trained.rehearsal is not None
    abroad = ModelSet(replace(trained.models.spec, time_zone="Europe/London"), trained.models.boosters)
    summer_midnight = datetime(2025, 4, 13, 23, tzinfo=UTC)
    fold = fold_of(abroad, trained.rehearsal.models, trained.rehearsal.baseline, as_of=summer_midnight)
    assert fold.title.startswith("As of 2025-04-14, ")
    assert fold.facts()["as_of"] == "2025-04-14T00:00:00+01:00"


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


@pytest.fixture(scope="module")
def facts(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What the shop's models were trained on."""
    folder = tmp_path_factory.mktemp("facts")
    file = write_orders(folder / "orders.csv", orders)
    snapshot, _ = snapshot_from_orders(file, folder / "snapshot", known_before=AS_OF, now=NOW)
    return snapshot


@pytest.mark.parametrize(
    ("days_ago", "horizon_days", "judged_days"),
    [(30, 30, 30), (44, 60, 30), (8, 45, 8), (44, 20, 20)],
)
def test_a_champion_is_compared_in_the_newest_days_that_it_has_not_seen(
    shop_models: tuple[Trained, Predictions], facts: Snapshot, days_ago: int, horizon_days: int, judged_days: int
) -> None:
    trained = shop_models[0]
    checks = compare_with(champion(trained, days_ago, horizon_days), trained, judged_rehearsal(trained), facts).checks
    assert [check.check for check in checks] == [*CHAMPION_KINDS, "improvement"]
    assert f" in {judged_days} days that the champion had not seen" in checks[0].reason
    assert f"it knows {days_ago} days more" in checks[-1].reason


def test_the_days_that_a_champion_has_not_seen_are_those_of_the_brands_clock(
    shop_models: tuple[Trained, Predictions], facts: Snapshot
) -> None:
    def dated(models: ModelSet, as_of: str) -> ModelSet:
        return ModelSet(replace(models.spec, as_of=as_of, time_zone="Europe/London"), models.boosters)

    trained = replace(shop_models[0], models=dated(shop_models[0].models, "2025-04-15T00:00:00+01:00"))
    before_summer_time = dated(champion(trained, 30, 30), "2025-03-16T00:00:00+00:00")
    checks = compare_with(before_summer_time, trained, judged_rehearsal(trained), facts).checks
    assert " in 30 days that the champion had not seen" in checks[0].reason


def test_without_days_that_the_champion_has_not_seen_nothing_takes_over_unproven(
    shop_models: tuple[Trained, Predictions], facts: Snapshot
) -> None:
    trained = shop_models[0]
    fold = judged_rehearsal(trained)
    promised = compare_with(champion(trained, 0, 30), trained, fold, facts).checks
    assert [check.check for check in promised] == ["champion churn log loss", "champion quantile loss", "improvement"]
    for other, why in ((champion(trained, -8, 30), "8 days less"), (champion(trained, 0, 31), "the champion 31")):
        [check] = compare_with(other, trained, fold, facts).checks
        assert (check.check, check.passed) == ("champion", False)
        assert why in check.reason
    [unrehearsed] = compare_with(champion(trained, 0, 30), trained, None, facts).checks
    assert not unrehearsed.passed


def test_the_same_recipe_twelve_days_later_is_exactly_as_good_where_both_are_judged(
    shop_models: tuple[Trained, Predictions], facts: Snapshot
) -> None:
    trained = shop_models[0]
    before = train_models(facts, as_of=AS_OF - timedelta(days=12), horizon_days=30, recipe=TINY, seed=1)
    checks = compare_with(before.models, trained, None, facts).checks
    assert all(check.passed for check in checks)
    assert all("difference +0.0000 (95 % interval +0.0000 to +0.0000)" in check.reason for check in checks[:3])


CHAMPION_KINDS = ["champion churn", "champion next_purchase", "champion value"]


def champion(trained: Trained, days_ago: int, horizon_days: int) -> ModelSet:
    """The trained models, said to be of so many days earlier."""
    as_of = datetime.fromisoformat(trained.models.spec.as_of) - timedelta(days=days_ago)
    spec = replace(trained.models.spec, id="another", as_of=as_of.isoformat(), horizon_days=horizon_days)
    return ModelSet(spec, trained.models.boosters)
