import pytest

from tests.integration.training.shop import Order, shop, trained_on
from training.train import Trained

Predictions = dict[str, dict[str, float | str | None]]


@pytest.fixture(scope="session")
def orders() -> list[Order]:
    return shop()


@pytest.fixture(scope="session")
def shop_models(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Predictions]:
    """What training on the shop as it is gives and predicts."""
    return trained_on(tmp_path_factory.mktemp("shop"), orders)


@pytest.fixture(scope="session")
def predictions(shop_models: tuple[Trained, Predictions]) -> Predictions:
    return shop_models[1]
