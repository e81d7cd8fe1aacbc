"""What a training cannot know is said with it, and nothing where there is nothing to say."""

from dataclasses import replace

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from tests.integration.training.shop import Order, trained_on
from training.basis import caveats
from training.judging.model_card import Origin, model_card
from training.train import Rehearsal, Trained

AGE = FEATURE_NAMES.index("days_since_first_order")


@pytest.fixture(scope="module")
def trained(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_on(tmp_path_factory.mktemp("shop"), orders)[0]


def rehearsal_of(trained: Trained, *, amount: float = 1.0, churn: float = 0.0) -> Rehearsal:
    """The rehearsal as it would have been with so much more spent, and so much more churn said."""
    assert trained.rehearsal is not None
    models = trained.rehearsal.models
    assert models.value is not None
    assert models.amount is not None
    exact = models.value * (models.amount.sum() / models.value.sum())
    changed = replace(
        models, value=exact, amount=models.amount * amount, churn=models.churned.astype(np.float64) + churn
    )
    return replace(trained.rehearsal, models=changed)


def test_a_steady_shop_of_one_year_is_told_of_the_season_alone_and_the_card_says_so(trained: Trained) -> None:
    steady = replace(trained, rehearsal=rehearsal_of(trained))
    [season] = caveats(steady)
    assert season.startswith("the season is not known: ")
    assert f"- {season[0].upper()}{season[1:]}." in model_card(steady, None, Origin(source="a test"))


def test_many_newcomers_are_told_with_their_share_then_and_now(trained: Trained) -> None:
    values = trained.present.values.copy()
    values[: len(values) // 2, AGE] = 10.0
    found = caveats(replace(trained, present=replace(trained.present, values=values)))
    [sentence] = [one for one in found if "not like those learnt from" in one]
    assert f"{np.mean(values[:, AGE] < 30):.0%} came within the last 30 days, " in sentence


def test_a_rehearsal_that_was_far_off_is_told_unless_it_says_nothing_of_today(trained: Trained) -> None:
    off = rehearsal_of(trained, amount=0.5, churn=0.2)
    [sentence] = [one for one in caveats(replace(trained, rehearsal=off)) if "far off" in one]
    assert "churn by +0.20 and the total of value by +100%" in sentence
    by_churn = rehearsal_of(trained, amount=0.9, churn=-0.15)
    assert "far off, churn by -0.15: where" in " ".join(caveats(replace(trained, rehearsal=by_churn)))
    not_comparable = replace(off, is_comparable=False)
    assert not any("far off" in one for one in caveats(replace(trained, rehearsal=not_comparable)))
