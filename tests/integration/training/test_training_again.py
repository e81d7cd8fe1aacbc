"""A folder of models that is written a second time."""

from pathlib import Path

from tests.integration.training.shop import AS_OF, NOW, TINY, Order, write_orders
from training.commands.training import train_from_orders
from training.predict import models_in
from training.tuning import Tuner


def test_training_again_into_the_same_folder_leaves_models_that_can_be_used(
    tmp_path: Path, orders: list[Order]
) -> None:
    file, out = write_orders(tmp_path / "orders.csv", orders), tmp_path / "models"
    for seed in (1, 2):
        trained = train_from_orders(
            file, as_of=AS_OF, horizon_days=30, out=out, mapping={}, time_zone="UTC", recipe=TINY, seed=seed, now=NOW,
            tuner=Tuner(seconds=0.0, seed=seed), progress=lambda step: None,
        )  # fmt: skip
    assert models_in(out).spec.id == trained.models.spec.id
