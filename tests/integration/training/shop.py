"""A made-up shop's orders as rows, and what training makes of them: for tests that change the rows and look again."""

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from scoring.engine.btyd import Floats
from training.data.order_snapshot import snapshot_from_orders
from training.predict import predict_file
from training.recipe import Recipe
from training.train import Trained, train_models

START = datetime(2024, 1, 1, tzinfo=UTC)
AS_OF = datetime(2025, 3, 3, tzinfo=UTC)
END = datetime(2025, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TINY = Recipe(
    spine_rows=2500, hazard_rows=8000, value_rows=2500, hazard_trees=10,
    value_trees=10, overrides={"min_data_in_leaf": 20},
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    customer: str
    order: str
    at: datetime
    amount: float | None
    received: datetime
    is_return: bool = False


Change = Callable[[Sequence[Order]], Sequence[Order]]


def shop(customers: int = 160, seed: int = 9) -> list[Order]:
    """Orders from START to END: regular and rare buyers, some of whom leave."""
    chance = random.Random(seed)
    found: list[Order] = []
    for customer in range(customers):
        rhythm, basket = chance.choice([10, 25, 70]), chance.choice([1500, 4000, 12000])
        at = START + timedelta(days=chance.uniform(0, 300), hours=10)
        while at < END:
            amount = round(chance.lognormvariate(0, 0.4) * basket) / 100
            found.append(Order(customer=f"c{customer}", order=f"o{len(found)}", at=at, amount=amount, received=at))
            if chance.random() < 0.06:
                break
            at += timedelta(days=chance.gammavariate(4, rhythm / 4) + 1)
    return found


def write_orders(path: Path, orders: Sequence[Order]) -> Path:
    """With an amount column only when some order has one."""
    has_amounts = any(order.amount is not None for order in orders)
    columns = ["customer_id", "order_id", "ordered_at", "received_at", "is_return"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, *(["amount"] if has_amounts else [])])
        for order in orders:
            amount = [f"{order.amount:.2f}"] if has_amounts and order.amount is not None else []
            instants = order.at.isoformat(), order.received.isoformat()
            writer.writerow([order.customer, order.order, *instants, order.is_return, *amount])
    return path


def trained_on(
    folder: Path, orders: Sequence[Order], *, as_of: datetime = AS_OF, horizon_days: int | None = 30,
    recipe: Recipe = TINY, known_before: datetime | None = None,
) -> tuple[Trained, dict[str, dict[str, float | str | None]]]:  # fmt: skip
    """Trains at as_of on a file of these orders; returns the models and the predictions file, by customer.

    `known_before` lets the snapshot reach further than as_of, as a backtest's does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = write_orders(folder / "orders.csv", orders)
    snapshot, _ = snapshot_from_orders(file, folder / "snapshot", known_before=known_before or as_of, now=NOW)
    trained = train_models(snapshot, as_of=as_of, horizon_days=horizon_days, recipe=recipe, seed=1)
    out = folder / "predictions.parquet"
    predict_file(snapshot, lambda: trained.models, as_of=as_of, horizon_days=horizon_days, out=out)
    rows = pq.read_table(out).to_pylist()
    return trained, {row["customer_id"]: row for row in rows}


def numbers(predictions: dict[str, dict[str, float | str | None]], column: str, customers: Sequence[str]) -> Floats:
    """One column as an array in the order of `customers`."""
    return np.array([predictions[customer][column] for customer in customers], dtype=np.float64)


def moved(orders: Sequence[Order], by: timedelta) -> list[Order]:
    return [replace(order, at=order.at + by, received=order.received + by) for order in orders]
