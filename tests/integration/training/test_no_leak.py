"""Nothing that happened, or was learnt, at as_of or later may change a prediction: train again on changed files."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.integration.training.conftest import Predictions
from tests.integration.training.shop import AS_OF, END, Change, Order, moved, numbers, trained_on

COLUMNS = ("churn_probability", "next_p10", "next_p50", "next_p90", "value", "value_p10", "value_p90")


def future_altered(orders: list[Order]) -> list[Order]:
    return [replace(order, amount=99999.0, customer="c0") if order.at >= AS_OF else order for order in orders]


def future_deleted(orders: list[Order]) -> list[Order]:
    return [order for order in orders if order.at < AS_OF]


def future_added(orders: list[Order]) -> list[Order]:
    later = [
        Order(customer=f"c{number}", order=f"x{number}", at=AS_OF, amount=500.0, received=AS_OF) for number in range(80)
    ]
    return [*orders, *later]


def late_news_added(orders: list[Order]) -> list[Order]:
    """Orders of before as_of that were only received at as_of or later."""
    past = AS_OF - timedelta(days=10)
    late = [
        Order(customer=f"c{number}", order=f"x{number}", at=past, amount=500.0, received=AS_OF + timedelta(days=number))
        for number in range(80)
    ]
    return [*orders, *late]


def orders_announced(orders: list[Order]) -> list[Order]:
    """Orders dated after as_of that were received before it."""
    heard = AS_OF - timedelta(days=3)
    ahead = [
        Order(
            customer=f"c{number}",
            order=f"a{number}",
            at=AS_OF + timedelta(days=number % 9),
            amount=500.0,
            received=heard,
        )
        for number in range(80)
    ]
    return [*orders, *ahead]


def later_returns_added(orders: list[Order]) -> list[Order]:
    """Half of what was bought before as_of goes back at as_of; some more had gone back, but we learnt of it later."""
    bought = [order for order in orders if order.at < AS_OF]
    back = [replace(order, at=AS_OF, received=AS_OF, is_return=True) for order in bought[::2]]
    unheard = [
        replace(order, at=AS_OF - timedelta(hours=1), received=AS_OF, is_return=True)
        for order in bought[1::4]
        if order.at < AS_OF - timedelta(hours=1)
    ]
    return [*orders, *back, *unheard]


def rows_shuffled(orders: list[Order]) -> list[Order]:
    return random.Random(1).sample(orders, len(orders))


def rows_doubled(orders: list[Order]) -> list[Order]:
    return [*orders, *orders[::3]]


@pytest.mark.parametrize(
    "change",
    [
        future_altered, future_deleted, future_added, orders_announced, late_news_added, later_returns_added,
        rows_shuffled, rows_doubled,
    ],
)  # fmt: skip
def test_predictions_stay_the_same_when(
    change: Change, orders: list[Order], predictions: Predictions, tmp_path: Path
) -> None:
    _, found = trained_on(tmp_path, change(orders))
    assert found == predictions


def test_a_model_of_a_backtest_knows_no_more_than_one_of_that_day(
    orders: list[Order], predictions: Predictions, tmp_path: Path
) -> None:
    """A backtest trains on a snapshot that holds what came since, late news and returns included."""
    told_later = later_returns_added(late_news_added(orders_announced(orders)))
    trained, found = trained_on(tmp_path, told_later, known_before=END)
    assert set(found) == set(predictions)
    for column in COLUMNS:
        customers = sorted(predictions)
        assert numbers(found, column, customers).tolist() == numbers(predictions, column, customers).tolist()
    assert trained.models.spec.as_of == AS_OF.isoformat()


def test_what_customers_and_orders_are_called_does_not_matter(
    orders: list[Order], predictions: Predictions, tmp_path: Path
) -> None:
    names = {order.customer: f"{hash(order.customer[1:]) % 997}-{order.customer}" for order in orders}
    renamed = [replace(order, customer=names[order.customer], order=f"z{order.order[::-1]}") for order in orders]
    _, found = trained_on(tmp_path, renamed)
    for column in COLUMNS:
        customers = sorted(predictions)
        expected = numbers(predictions, column, customers)
        assert numbers(found, column, [names[name] for name in customers]) == pytest.approx(expected, rel=1e-9)


def test_another_currency_unit_scales_values_and_nothing_else(
    orders: list[Order], predictions: Predictions, tmp_path: Path
) -> None:
    _, found = trained_on(tmp_path, [replace(order, amount=(order.amount or 0.0) * 100) for order in orders])
    customers = sorted(predictions)
    for column in COLUMNS:
        factor = 100.0 if column.startswith("value") else 1.0
        expected = factor * numbers(predictions, column, customers)
        assert numbers(found, column, customers) == pytest.approx(expected, rel=1e-6)


def test_a_history_moved_by_whole_weeks_predicts_the_same_distances(
    orders: list[Order], predictions: Predictions, tmp_path: Path
) -> None:
    weeks = timedelta(weeks=9)
    _, found = trained_on(tmp_path, moved(orders, weeks), as_of=AS_OF + weeks)
    customers = sorted(predictions)
    for column in COLUMNS:
        expected = numbers(predictions, column, customers)
        assert numbers(found, column, customers) == pytest.approx(expected, rel=1e-9)


def test_a_seasonal_history_moved_by_whole_years_predicts_the_same_distances(
    orders: list[Order], tmp_path: Path
) -> None:
    """28 years are whole years and whole weeks at once."""
    earlier = [replace(order, order=f"e{order.order}") for order in moved(orders, -timedelta(weeks=52))]
    two_years, years = [*earlier, *orders], timedelta(days=28 * 365 + 7)
    trained, expected = trained_on(tmp_path / "now", two_years)
    assert trained.models.spec.grid is not None
    assert trained.models.spec.grid.knows_season
    _, found = trained_on(tmp_path / "then", moved(two_years, -years), as_of=AS_OF - years)
    customers = sorted(expected)
    for column in COLUMNS:
        assert numbers(found, column, customers) == pytest.approx(numbers(expected, column, customers), rel=1e-9)


def test_churn_and_order_probability_add_up_and_quantiles_ascend(predictions: Predictions) -> None:
    customers = sorted(predictions)
    churn, ordered = (numbers(predictions, name, customers) for name in ("churn_probability", "p_order_in_horizon"))
    assert churn + ordered == pytest.approx(np.ones(len(customers)))
    low, middle, high = (numbers(predictions, name, customers) for name in ("next_p10", "next_p50", "next_p90"))
    assert np.all((low >= 0) & (low <= middle) & (middle <= high))


def test_everybody_known_before_as_of_is_predicted_once(orders: list[Order], predictions: Predictions) -> None:
    assert set(predictions) == {order.customer for order in orders if order.at < AS_OF}
