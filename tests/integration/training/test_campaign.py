"""After a campaign, newcomers are predicted by what the newest weeks show of them, and everybody else as before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Flags, Floats
from scoring.engine.model_set import ModelSet, load_model_set
from tests.integration.training.shop import AS_OF, TINY, Order, trained_on
from training.data.learning import LearningSet
from training.newcomers import moved, newcomers, set_apart
from training.train import Trained, save_models

AGE = FEATURE_NAMES.index("days_since_first_order")
HORIZON = 30


def are_new(vectors: Floats) -> Flags:
    new: Flags = vectors[:, AGE] < HORIZON
    return new


def once_only(customers: int) -> list[Order]:
    """Who came for a campaign in the last weeks before as_of, bought once and was not seen again."""
    found = []
    for number in range(customers):
        at = AS_OF - timedelta(days=1 + number % 28, hours=number % 9)
        found.append(Order(customer=f"n{number}", order=f"n{number}", at=at, amount=20.0, received=at))
    return found


@pytest.fixture(scope="module")
def trained(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """After the campaign."""
    return trained_on(tmp_path_factory.mktemp("campaign"), [*orders, *once_only(120)])[0]


def where_came(trained: Trained, *, of_new: int, of_others: int) -> LearningSet:
    """What was learnt from, as if in the newest weeks so many of ten had come again within three days."""
    learning = trained.learning
    newest = learning.age_days <= 31
    share = np.where(are_new(learning.matrix), of_new, of_others)
    waits = np.where(np.arange(len(learning)) % 10 < share, 3.0, np.nan)
    return replace(learning, wait_days=np.where(newest, waits, learning.wait_days))


def test_newcomers_are_set_apart_by_what_came_of_them_beside_the_others(trained: Trained) -> None:
    def found(of_new: int, of_others: int) -> float:
        return set_apart(trained.models, where_came(trained, of_new=of_new, of_others=of_others), threads=1)

    assert found(0, 4) < 0.0
    assert found(1, 4) < found(2, 4) < found(4, 4) < found(8, 4)
    assert found(1, 9) > found(1, 4)  # where everybody was missed, newcomers tell little
    assert all(-1.0 <= found(*came) <= 1.0 for came in ((0, 4), (9, 4), (9, 1)))
    nobody = replace(trained.learning, wait_days=np.full(len(trained.learning), np.nan))
    assert set_apart(trained.models, nobody, threads=1) == pytest.approx(0.0, abs=0.1)


def test_a_moved_booster_moves_newcomers_by_so_much_and_nobody_else(trained: Trained) -> None:
    vectors = trained.present.values
    new = are_new(vectors)
    assert 0 < new.sum() < len(new)
    boosters = {
        name: [moved(one, -0.6, vectors, HORIZON) for one in found] for name, found in trained.models.boosters.items()
    }
    before = trained.models.opinions(vectors)
    after = ModelSet(trained.models.spec, boosters).opinions(vectors)
    assert after.trees[new] == pytest.approx(before.trees[new] - 0.6)
    assert after.trees[~new].tolist() == before.trees[~new].tolist()
    assert before.log_amount is not None
    assert after.log_amount is not None
    assert after.log_amount == pytest.approx(before.log_amount - 0.6 * new)


def test_models_of_a_campaign_are_served_explained_and_reproduced_like_others(trained: Trained, tmp_path: Path) -> None:
    came = newcomers(trained.present.values, trained.learning, HORIZON)
    assert came is not None
    assert came.are_many
    models, vectors = trained.models, trained.present.values
    assert {one.num_trees() for one in models.boosters["next_purchase"]} == {TINY.hazard_trees + 1}
    save_models(models, tmp_path / "set", vectors=vectors)
    loaded = load_model_set(tmp_path / "set")
    slow, fast = (one.scores(vectors, drivers=3) for one in (models, loaded.sped_up(vectors)))
    np.testing.assert_allclose(fast.churn, slow.churn, atol=1e-9)
    assert fast.reasons is not None
    explained = fast.reasons.churn
    assert explained is not None
    log_odds = np.log(slow.churn) - np.log1p(-slow.churn)
    np.testing.assert_allclose(explained.base + explained.values.sum(axis=1), log_odds, atol=1e-6)
