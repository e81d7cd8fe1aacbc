"""A shop of subscribers: what trees see of their due days is the same in training, in service and in what explains."""

import json
import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from scoring.engine import load_model_set
from scoring.engine.design import CLOCKS
from scoring.engine.parity import refuse_differences
from scoring.engine.spec import FILE, read_spec
from tests.integration.training.shop import AS_OF, END, START, Order, trained_on
from training.train import Trained, save_models


def _subscribers(customers: int = 160) -> list[Order]:
    """Every 28 days, until they leave without a word."""
    chance = random.Random(4)
    found: list[Order] = []
    for customer in range(customers):
        at = START + timedelta(days=chance.randrange(300), hours=10)
        while at < END:
            found.append(Order(customer=f"c{customer}", order=f"o{len(found)}", at=at, amount=19.0, received=at))
            if chance.random() < 0.06:
                break
            at += timedelta(days=28)
    return found


@pytest.fixture(scope="module")
def subscribers(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_on(tmp_path_factory.mktemp("subscribers"), _subscribers())[0]


def test_hazards_of_subscribers_ask_for_the_due_day_and_those_of_others_do_not_see_it(
    subscribers: Trained, shop_models: tuple[Trained, object]
) -> None:
    assert subscribers.models.spec.grid.keeps_dates
    hazards = subscribers.models.boosters["next_purchase"]
    asked = sum(booster.feature_importance("split")[-len(CLOCKS) :].sum() for booster in hazards)
    assert asked > 0
    usual = shop_models[0].models
    assert not usual.spec.grid.keeps_dates
    assert not set(CLOCKS) & {name for one in usual.boosters["next_purchase"] for name in one.feature_name()}


def test_they_are_served_by_the_compiled_loop_and_explained_to_the_last_digit(
    subscribers: Trained, tmp_path: Path
) -> None:
    vectors = subscribers.present.values
    save_models(subscribers.models, tmp_path, vectors=vectors)
    models = load_model_set(tmp_path)
    fast = models.sped_up(vectors[:20])
    assert fast is not models
    refuse_differences(models, fast, vectors)
    ours, theirs = (one.scores(vectors, as_of=AS_OF, drivers=5) for one in (fast, models))
    assert ours.reasons is not None
    assert theirs.reasons is not None
    assert ours.reasons.churn is not None
    assert theirs.reasons.churn is not None
    found = ours.reasons.churn
    assert found.base + found.values.sum(axis=1) == pytest.approx(logit(ours.churn), abs=1e-9)
    np.testing.assert_allclose(found.values, theirs.reasons.churn.values, atol=1e-9)
    assert np.abs(found.values[:, [found.names.index(name) for name in CLOCKS]]).max() > 0.01


def test_a_set_written_before_due_days_were_seen_is_read_as_one_without(subscribers: Trained, tmp_path: Path) -> None:
    save_models(subscribers.models, tmp_path, vectors=subscribers.present.values)
    written = json.loads((tmp_path / FILE).read_text())
    del written["grid"]["keeps_dates"]
    (tmp_path / FILE).write_text(json.dumps(written))
    assert not read_spec(tmp_path).grid.keeps_dates
