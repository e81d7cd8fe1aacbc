"""`parcours train` and `parcours predict` as ML engineers run them: files in, files out."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from customer.errors import ParcoursError
from parcours.cli import build_app
from tests.integration.training.conftest import Predictions
from tests.integration.training.shop import AS_OF, NOW, Order, numbers, shop, trained_on, write_orders
from training.basis import basis_reasons, caveats
from training.commands.evaluating import EvaluateCall, evaluate
from training.commands.predicting import predict_from_orders
from training.given import UsageError
from training.predict import SCHEMA
from training.settings import TrainingSettings
from training.train import Trained, save_models


def parcours(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from parcours.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=240)


def test_train_and_predict_work_on_files_alone(
    tmp_path: Path, orders: list[Order], capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_orders(tmp_path / "orders.csv", orders)
    models, out = tmp_path / "models", tmp_path / "predictions.parquet"
    moment = ("--orders", str(file), "--as-of", f"{AS_OF:%Y-%m-%d}", "--horizon", "30", "--json")
    trained = parcours("train", *moment, "--out", str(models), "--quick")
    assert trained.returncode == 0, trained.stderr
    found = json.loads(trained.stdout)
    predicted = parcours("predict", *moment, "--models", str(models), "--out", str(out))
    assert predicted.returncode == 0, predicted.stderr
    table = pq.read_table(out)
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == len({order.customer for order in orders if order.at < AS_OF})
    assert set(table["model_version"].to_pylist()) == {found["model_set"]}
    assert table["churn_probability"].null_count == 0
    assert [sentence[:24] for sentence in found["caveats"]] == ["the season is not known:"]

    last = max(order.at for order in orders)
    for as_of, said in ((AS_OF - timedelta(7), "do not judge them"), (last + timedelta(20), "lies 19 days before")):
        predict_from_orders(
            file, models=models, as_of=as_of, horizon_days=None, out=out, mapping={}, now=as_of,
            progress=lambda step: None,
        )  # fmt: skip
        assert said in capsys.readouterr().err


def test_a_backtest_follows_a_file_to_its_last_day_and_not_to_today(tmp_path: Path, orders: list[Order]) -> None:
    file, report = write_orders(tmp_path / "orders.csv", orders), tmp_path / "page.html"
    held = parcours(
        "evaluate", "--orders", str(file), "--backtest", "--folds", "1", "--horizon", "30", "--no-log",
        "--report", str(report), "--json",
    )  # fmt: skip
    assert held.returncode == 0, held.stderr
    fold, out_of_customer = json.loads(held.stdout)["folds"]
    assert out_of_customer["is_held_out"]
    assert out_of_customer["metrics"]["customers"]["value"] < fold["metrics"]["customers"]["value"] / 2
    last = max(order.at for order in orders)
    assert datetime.fromisoformat(fold["as_of"]).date() == last.date() + timedelta(days=1 - 30)
    assert 0 < fold["metrics"]["churn_rate"]["value"] < 1
    assert set(fold["basis"]) == {"CHURN", "NEXT_PURCHASE", "VALUE"}
    assert "cut short" not in held.stderr  # though the file ends long before today
    everything = set(fold["metrics"])
    assert fold["groups"]
    assert all(set(measured) == everything for measured in fold["groups"].values())
    page = report.read_text()
    assert page.count("Answered: churn by the ") == 2
    assert page.count(">integrated Brier score<") >= 2 + 2  # of everybody in both folds, and within their groups
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_models_that_are_not_those_of_their_training_are_not_judged(
    tmp_path: Path, orders: list[Order], shop_models: tuple[Trained, Predictions]
) -> None:
    trained, _ = shop_models
    save_models(trained.models, tmp_path / "models", vectors=trained.present.values)
    spec = tmp_path / "models" / "model_set.json"
    spec.write_text(spec.read_text().replace('"seed": 1', '"seed": 2'))
    file = write_orders(tmp_path / "orders.csv", orders)
    call = ["evaluate", "--orders", str(file), "--models", str(tmp_path / "models"), "--no-log"]
    found = CliRunner().invoke(build_app(), call)
    assert isinstance(found.exception, ParcoursError)
    assert "not the file that was written by training" in str(found.exception)


def test_who_has_no_valid_order_is_answered_like_the_average_customer_of_one(tmp_path: Path) -> None:
    orders = shop()
    free = replace(orders[0], customer="no valid order", order="free", amount=0.0)
    _, predictions = trained_on(tmp_path, [*orders, free])
    before = Counter(order.customer for order in orders if order.at < AS_OF)
    once = [customer for customer, count in before.items() if count == 1]
    answered = predictions["no valid order"]
    assert answered["basis"] == "BASELINE"
    for column in ("churn_probability", "p_order_in_horizon", "next_p10", "next_p50", "next_p90", "value"):
        assert answered[column] == pytest.approx(numbers(predictions, column, once).mean())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "yesterday"], "expected a date"),
        (["--as-of", "2020-01-01"], "no orders"),
        ([], "--as-of"),
        (["--as-of", "2025-03-03", "--map", "customer"], "theirs=ours"),
    ],
)
def test_a_wrong_call_is_refused_in_a_sentence(
    tmp_path: Path, orders: list[Order], arguments: list[str], said: str
) -> None:
    file = write_orders(tmp_path / "orders.csv", orders[:50])
    call = ["train", "--orders", str(file), "--out", str(tmp_path / "models"), *arguments]
    found = CliRunner().invoke(build_app(), call)
    assert isinstance(found.exception, ParcoursError)
    assert said in str(found.exception)


def test_without_amounts_everything_but_value_is_predicted(tmp_path: Path, orders: list[Order]) -> None:
    trained, found = trained_on(tmp_path, [replace(order, amount=None) for order in orders])
    assert trained.models.spec.unavailable["VALUE"][0] == "NO_AMOUNTS"
    assert all(row["value"] is None and row["value_p90"] is None for row in found.values())
    assert {row["value_basis"] for row in found.values()} == {None}
    assert all(row["churn_probability"] is not None for row in found.values())


def test_a_handful_of_customers_is_answered_by_the_baseline(tmp_path: Path) -> None:
    trained, found = trained_on(tmp_path, shop(customers=4, seed=2))
    assert trained.models.boosters == {}
    assert basis_reasons(trained)["CHURN"].startswith("too little to learn from: ")
    assert caveats(trained)[0].startswith("not rehearsed: too little to learn from: ")
    assert "are the least (35 days earlier), so nobody knows" in caveats(trained)[0]
    assert {(row["basis"], row["value_basis"]) for row in found.values()} == {("BASELINE", "BASELINE")}
    assert all(row["churn_probability"] is not None and row["value"] is not None for row in found.values())


def test_days_that_nobody_lived_through_are_left_to_the_baseline(tmp_path: Path, orders: list[Order]) -> None:
    trained, found = trained_on(tmp_path, orders, horizon_days=2000)
    assert {row["basis"] for row in found.values()} == {"BASELINE"}
    assert "of the 2000 days ahead" in basis_reasons(trained)["CHURN"]


def test_the_horizon_follows_the_rhythm_when_none_is_given(tmp_path: Path, orders: list[Order]) -> None:
    trained, _ = trained_on(tmp_path, orders, horizon_days=None)
    assert trained.models.horizon_days % 7 == 0
    assert trained.models.horizon_days < 120


def test_the_same_data_code_and_seed_give_the_same_model_set(
    tmp_path: Path, orders: list[Order], shop_models: tuple[Trained, Predictions]
) -> None:
    again, _ = trained_on(tmp_path, orders)
    assert again.models.spec.id == shop_models[0].models.spec.id


def test_a_backtest_that_reaches_back_too_far_is_refused_at_once(tmp_path: Path, orders: list[Order]) -> None:
    file = write_orders(tmp_path / "orders.csv", orders)
    wanted = EvaluateCall(
        orders=file, models=None, model_set=None, is_backtest=True, until=None, horizon_days=300, folds=12,
        held_out=True, recipe=None, seed=1, mapping=[], time_zone=None,
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"12 folds of 300 days before .* reach back to .*, but the orders begin on"):
        evaluate(
            TrainingSettings(home=tmp_path), wanted, report=tmp_path / "page.html", log=False, now=NOW,
            progress=lambda _: None,
        )  # fmt: skip
