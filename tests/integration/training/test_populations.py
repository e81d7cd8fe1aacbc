"""Whom models were trained for and whom they see: histograms, drift, customers held out, and which code it was."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from customer.features.definitions import FEATURE_NAMES
from scoring.engine import load_model_set
from tests.integration.training.shop import AS_OF, NOW, Order, write_orders
from tests.small_models import SmallModels, train_small_models
from training.code_version import code_version
from training.data.examples import feature_frame
from training.data.order_snapshot import snapshot_from_orders
from training.data.spine import build_spine
from training.judging.held_out import split_customers
from training.judging.population import drift_from, population_of, read_population, write_population


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    return train_small_models(tmp_path_factory.mktemp("small"))


def test_the_same_customers_have_not_moved_and_others_have(small: SmallModels, tmp_path: Path) -> None:
    models = load_model_set(small.folder)
    reference = read_population(write_population(population_of(models, small.matrix, as_of="then"), tmp_path))
    assert sum(histogram.weight for histogram in reference.histograms.values()) <= 1.0 + 1e-9
    unmoved = drift_from(reference, models, small.matrix)
    assert all(drift.stability_index == pytest.approx(0.0, abs=1e-12) and drift.chance == 1.0 for drift in unmoved)

    moved = small.matrix.copy()
    moved[:, FEATURE_NAMES.index("days_since_last_order")] += 60.0
    moved[: len(moved) // 2, FEATURE_NAMES.index("median_gap_days")] = np.nan
    found = {drift.name: drift for drift in drift_from(reference, models, moved)}
    assert found["days_since_last_order"].stability_index > 0.25
    assert found["days_since_last_order"].chance < 1e-6
    assert found["median_gap_days"].missing_now > found["median_gap_days"].missing_before + 0.3
    assert found["order_count"].stability_index == pytest.approx(0.0, abs=1e-12)
    assert found["predicted: churn"].is_prediction


def test_customers_held_out_are_in_neither_the_learning_part_nor_changed(orders: list[Order], tmp_path: Path) -> None:
    file = write_orders(tmp_path / "orders.csv", orders)
    snapshot, _ = snapshot_from_orders(file, tmp_path / "snapshot", known_before=AS_OF, now=NOW)
    split = split_customers(snapshot, tmp_path / "parts")
    keys = {
        name: set(pq.read_table(part.folder / "feature_customer")["customer_key"].to_pylist())
        for name, part in (("all", snapshot), ("learning", split.learning), ("held out", split.held_out))
    }
    assert keys["learning"] | keys["held out"] == keys["all"]
    assert not keys["learning"] & keys["held out"]
    assert 0.1 < len(keys["held out"]) / len(keys["all"]) < 0.3
    whole = feature_frame(snapshot, build_spine(snapshot, [AS_OF]))
    part = feature_frame(split.held_out, build_spine(split.held_out, [AS_OF]))
    same = np.isin(whole.customer_id, part.customer_id)
    assert np.array_equal(whole.values[same], part.values, equal_nan=True)


def test_the_code_version_names_the_release_first() -> None:
    released, _, commit = code_version().partition("+")
    assert released.count(".") == 2
    assert commit == "" or commit.startswith("g")
