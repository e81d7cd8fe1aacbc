import pytest

from tests.integration.training.shop import Order, shop, trained_on

Predictions = dict[str, dict[str, float | str | None]]


@pytest.fixture(scope="session")
def orders() -> list[Order]:
    return shop()


@pytest.fixture(scope="session")
def predictions(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    """What training on the shop as it is predicts."""
    return trained_on(tmp_path_factory.mktemp("shop"), orders)[1]
