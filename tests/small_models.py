"""A real model set, trained in seconds on a few hundred made-up customers, and rows to ask it with."""

import csv
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from customer.contracts.score import FeatureValue
from customer.features.definitions import FEATURES
from customer.features.feature import FeatureType
from scoring.engine.btyd import Floats
from training.data.order_snapshot import snapshot_from_orders
from training.recipe import Recipe
from training.train import save_models, train_models

START = datetime(2024, 1, 1, tzinfo=UTC)
AS_OF = datetime(2025, 10, 1, tzinfo=UTC)
_TINY = Recipe(
    spine_rows=3000, hazard_rows=10_000, value_rows=3000,
    hazard_trees=12, value_trees=12, threads=1, overrides={"min_data_in_leaf": 20},
)  # fmt: skip
_REAL_SIZE = Recipe(spine_rows=3000, hazard_rows=30_000, threads=1, overrides={"min_data_in_leaf": 20})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallModels:
    """Where the model set is, and the feature vectors it was trained to answer, as a matrix and as on the wire."""

    folder: Path
    matrix: Floats
    rows: list[list[FeatureValue]]


def train_small_models(scratch: Path, *, seed: int = 1, recipe: Recipe = _TINY) -> SmallModels:
    """Trains into `scratch / "models"`."""
    orders = scratch / "orders.csv"
    _write_orders(orders, random.Random(seed))
    snapshot, _ = snapshot_from_orders(orders, scratch / "snapshot", known_before=AS_OF, now=AS_OF)
    trained = train_models(snapshot, as_of=AS_OF, horizon_days=60, recipe=recipe, seed=seed)
    folder = scratch / "models"
    save_models(trained.models, folder, vectors=trained.present.values)
    matrix = trained.present.values
    return SmallModels(folder=folder, matrix=matrix, rows=[on_the_wire(row) for row in matrix])


def train_bench_models(scratch: Path) -> SmallModels:
    """The same customers with trees as many and as large as a real training grows them."""
    return train_small_models(scratch, recipe=_REAL_SIZE)


def on_the_wire(row: Floats) -> list[FeatureValue]:
    """One encoded vector as the feature SQL would have given it."""
    return [_decoded(number, value) for number, value in enumerate(row)]


def _decoded(position: int, value: float) -> FeatureValue:
    feature = FEATURES[position]
    if np.isnan(value):
        return None
    if feature.dtype is FeatureType.CATEGORY:
        return feature.vocabulary[int(value)]
    if feature.dtype is FeatureType.BOOLEAN:
        return bool(value)
    return int(value) if feature.dtype is FeatureType.INTEGER else float(value)


def _write_orders(path: Path, chance: random.Random) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "order_id", "ordered_at", "amount", "currency", "channel"])
        number = 0
        for customer in range(300):
            rhythm, basket = chance.choice([12, 30, 90]), chance.choice([15.0, 40.0, 120.0])
            at = START + timedelta(days=chance.uniform(0, 400))
            while at < AS_OF:
                number += 1
                amount = f"{chance.lognormvariate(0, 0.4) * basket:.2f}"
                writer.writerow(
                    [f"c{customer}", f"o{number}", at.isoformat(), amount, "EUR", chance.choice(["web", "store"])]
                )
                if chance.random() < 0.06:
                    break
                at += timedelta(days=chance.gammavariate(4, rhythm / 4) + 1)
