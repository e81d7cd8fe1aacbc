"""A team's own models, logged with plain MLflow, are served in the place of ours: the service needs no change."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import lightgbm
import mlflow
import numpy as np
import pandas as pd
import psycopg
import pytest
from mlflow.models import infer_signature

from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from scoring.engine.btyd import Floats
from scoring.engine.plug_ins import ALLOW_PYFUNC, PlugInRefusedError, PlugKind
from scoring.http.app import create_app
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.integration.scoring.conftest import wait_until_ready
from tests.integration.training.shop import AS_OF, NOW, TINY, Order, write_orders
from tests.parity.planted import NOON
from tests.parity.randomised import random_world
from tests.parity.stored import store
from tests.small_models import on_the_wire
from training.data.order_snapshot import snapshot_from_orders
from training.registry import changeover, registered_sets, trainings
from training.registry.custom import ContractError, register_custom
from training.registry.model_registry import CHALLENGER, connect, find_by_alias
from training.retraining import Policy, due
from training.settings import TrainingSettings

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own code warns of its own libraries

INPUTS = ["days_since_last_order", "order_count_90d"]
WITHIN = (7, 30, 60)
SCRIPT = Path(__file__).parents[3] / "docs" / "how-to" / "team_churn.py"


def code_models() -> dict[str, Any]:
    """A rule and a model that breaks the contract, as somebody's pyfuncs; made here, for MLflow warns when imported."""

    class Silence(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined, misc]
        """The longer the silence, the likelier the end."""

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            silence = model_input["days_since_last_order"].fillna(365.0)
            return silence / (silence + 30.0)

    class Percent(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined, misc]
        """Says 40 where .4 is meant."""

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            return np.full(len(model_input), 40.0)

    class Steady(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined, misc]
        """An order may come on any day; the longer the silence, the less so."""

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            rate = 1.0 / (20.0 + model_input["days_since_last_order"].fillna(365.0))
            return pd.DataFrame({f"within_{days}": 1.0 - np.exp(-rate * days) for days in WITHIN})

    class Forgetful(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined, misc]
        """An order within sixty days is less likely than one within a week."""

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            return pd.DataFrame({f"within_{days}": np.full(len(model_input), 1.0 / days) for days in WITHIN})

    return {"team_rule": Silence(), "team_percent": Percent(), "team_steady": Steady(), "team_forgetful": Forgetful()}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> TrainingSettings:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('default', 'Shop', 'EUR', 'UTC')"
        )
    return TrainingSettings(home=tmp_path / "home", database_url=database_url, tracking_uri=None, tenant="default")


def trained(settings: TrainingSettings, orders: list[Order], folder: Path) -> trainings.Training:
    file = write_orders(folder / "orders.csv", orders)
    snapshot, _ = snapshot_from_orders(file, folder / "snapshot", known_before=AS_OF, now=NOW)
    order = trainings.Order(as_of=AS_OF, horizon_days=30, recipe=TINY, seed=1, force=True)
    return trainings.train_and_register(settings, snapshot, order, progress=lambda _: None)


def team_models(training: trainings.Training) -> lightgbm.Booster:
    """Logs a LightGBM model and pyfuncs with MLflow's own calls, as a team would; returns the LightGBM model."""
    matrix = training.trained.learning.matrix
    table = pd.DataFrame({name: matrix[:, FEATURE_NAMES.index(name)] for name in INPUTS})
    churned = training.trained.learning.churned(30).astype(float)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_leaves": 5}, lightgbm.Dataset(table, churned), num_boost_round=8
    )
    signature = infer_signature(table, churned)
    mlflow.lightgbm.log_model(booster, name="trees", signature=signature, registered_model_name="team_trees")
    models = code_models()
    days = pd.DataFrame({f"within_{days}": [0.5] for days in WITHIN})
    several = infer_signature(table, days)
    signatures = {"team_steady": several, "team_forgetful": several}
    for name, model in models.items():
        mlflow.pyfunc.log_model(
            name=name, python_model=model, signature=signatures.get(name, signature), registered_model_name=name
        )
    mlflow.pyfunc.log_model(name="unsigned", python_model=models["team_percent"], registered_model_name="team_unsigned")
    return booster


@contextmanager
def serving(settings: TrainingSettings, home: Path) -> Iterator[httpx.Client]:
    uri = f"sqlite:///{settings.mlflow_folder / 'mlflow.db'}"
    app = create_app(ScoringSettings(tracking_uri=uri, home=home, poll_s=0.2))
    with running(app) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        wait_until_ready(client)
        yield client


def answers(client: httpx.Client, rows: list[Any], **options: Any) -> list[dict[str, Any]]:
    question = {
        "feature_set": FEATURE_SET, "as_of": AS_OF.isoformat(), "columns": list(FEATURE_NAMES), "rows": rows, **options,
    }  # fmt: skip
    found = client.post("/v1/score", json=question)
    assert found.status_code == httpx.codes.OK, found.text
    predictions: list[dict[str, Any]] = found.json()["predictions"]
    return predictions


def test_the_guides_script_finds_examples_to_learn_from(database_url: str) -> None:
    store(random_world(1), database_url)
    script = runpy.run_path(str(SCRIPT))
    table, churned = script["examples"](database_url, NOON, 14)
    assert list(table.columns) == script["INPUTS"]
    assert len(table) == len(churned) > 0
    assert set(churned.tolist()) <= {0.0, 1.0}


def test_custom_churn_models_are_served_while_the_other_kinds_stay(
    settings: TrainingSettings, orders: list[Order], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = trained(settings, orders, tmp_path)
    client = connect(settings)
    booster = team_models(training)
    matrix = training.trained.present.values[:12]
    rows = [on_the_wire(row) for row in matrix]
    inputs = matrix[:, [FEATURE_NAMES.index(name) for name in INPUTS]]

    with serving(settings, tmp_path / "cache") as service:
        ours = answers(service, rows, drivers=2)
        trees = register_custom(settings, "models:/team_trees/1", PlugKind.CHURN)
        assert find_by_alias(client, CHALLENGER) == trees.registered
        changeover.promote_set(settings, trees.registered.model_set, force=True)
        check_known(settings, trees.registered.model_set, trees.base)
        wait_for(service, trees.registered.model_set)
        check_trees(answers(service, rows, drivers=2), ours, booster, inputs)

        with pytest.raises(PlugInRefusedError, match="is code"):
            register_custom(settings, "models:/team_rule/1", PlugKind.CHURN)
        monkeypatch.setenv(ALLOW_PYFUNC, "true")
        rule = register_custom(settings, "models:/team_rule/1", PlugKind.CHURN)
        changeover.promote_set(settings, rule.registered.model_set, force=True)
        wait_for(service, rule.registered.model_set)
        by_rule = answers(service, rows, drivers=2)
        assert [one["churn"]["drivers"] for one in by_rule] == [[]] * len(rows)  # code says no reasons
        ruled = [one["churn"]["probability"] for one in by_rule]
        assert ruled == pytest.approx(inputs[:, 0] / (inputs[:, 0] + 30.0), abs=1e-6)

        steady = register_custom(settings, "models:/team_steady/1", PlugKind.NEXT_PURCHASE, base=trees.base)
        changeover.promote_set(settings, steady.registered.model_set, force=True)
        wait_for(service, steady.registered.model_set)
        check_steady(answers(service, rows, drivers=2), inputs[:, 0])
        for uri, problem in (("team_forgetful/1", "less likely"), ("team_rule/1", "expected within_7")):
            with pytest.raises((PlugInRefusedError, ContractError), match=problem):
                register_custom(settings, f"models:/{uri}", PlugKind.NEXT_PURCHASE)

        for uri, problem in (("team_percent/1", "expected 0 to 1"), ("team_unsigned/1", "no signature")):
            with pytest.raises((PlugInRefusedError, ContractError), match=problem):
                register_custom(settings, f"models:/{uri}", PlugKind.CHURN)

        monkeypatch.delenv(ALLOW_PYFUNC)
    with serving_nothing(settings, tmp_path / "elsewhere") as why:
        assert "runs only where" in why


def check_trees(
    theirs: list[dict[str, Any]], ours: list[dict[str, Any]], booster: lightgbm.Booster, inputs: Floats
) -> None:
    """Churn is what the team's LightGBM says, with its reasons; the rest stays as it was, and agrees with it."""
    expected = booster.predict(inputs)
    assert [one["churn"]["probability"] for one in theirs] == pytest.approx(expected, abs=1e-6)
    told = [sum(driver["contribution"] for driver in one["churn"]["drivers"]) for one in theirs]
    base = np.asarray(booster.predict(inputs, pred_contrib=True))[:, -1]
    assert told + base == pytest.approx(np.log(expected / (1.0 - np.asarray(expected))), abs=1e-6)
    for before, after in zip(ours, theirs, strict=True):
        assert after["value"]["expected_minor"] == pytest.approx(before["value"]["expected_minor"])
        assert after["value"]["low_minor"] == 0.0 or after["churn"]["probability"] < 0.1  # one in ten brings less
        assert {driver["feature"] for driver in after["churn"]["drivers"]} == set(INPUTS)
        curve = dict(zip(after["next_purchase"]["days"], after["next_purchase"]["probability"], strict=True))
        assert 1.0 - curve[30.0] == pytest.approx(after["churn"]["probability"], abs=1e-6)


def check_known(settings: TrainingSettings, model_set: str, base: str) -> None:
    """A team's set is a set like any other: it has a card, and retraining waits as it does for ours."""
    card, _ = registered_sets.fetch_pages(settings, model_set, None)
    assert f"`parcours card {base}`" in card
    assert "| churn | `models:/team_trees/1` |" in card
    policy = Policy(max_age=timedelta(days=28), patience=timedelta(days=7))
    assert settings.database_url is not None
    assert due(settings.database_url, "default", policy, now=datetime.now(UTC))[1].startswith(
        "the last training was 0 days"
    )
    is_due, why = due(settings.database_url, "default", policy, now=datetime.now(UTC) + timedelta(days=8))
    assert is_due, why
    assert why.startswith("the champion's data ends")


def check_steady(found: list[dict[str, Any]], silence: Any) -> None:
    """The team's rule, everywhere: the curve, churn at the horizon, the median, the value's interval."""
    for one, days in zip(found, silence, strict=True):
        rate = 1.0 / (20.0 + days)
        curve = dict(zip(one["next_purchase"]["days"], one["next_purchase"]["probability"], strict=True))
        assert one["churn"]["probability"] == pytest.approx(np.exp(-rate * 30.0), abs=1e-9)
        assert all(share == pytest.approx(1.0 - np.exp(-rate * day), abs=1e-6) for day, share in curve.items())
        assert one["next_purchase"]["p50_days"] == pytest.approx(np.log(2.0) / rate, abs=1.0)  # at hours of trade
        assert one["next_purchase"]["model"]["basis"] == "MODEL"
        assert one["churn"]["drivers"] == one["next_purchase"]["drivers"] == []
        likely_nothing = one["churn"]["probability"] >= 0.9
        assert (one["value"]["low_minor"] == 0.0) or not likely_nothing
        assert one["value"]["low_minor"] <= one["value"]["high_minor"]


@contextmanager
def serving_nothing(settings: TrainingSettings, home: Path) -> Iterator[str]:
    """A fresh service that must refuse the champion; what its readiness says."""
    uri = f"sqlite:///{settings.mlflow_folder / 'mlflow.db'}"
    app = create_app(ScoringSettings(tracking_uri=uri, home=home, poll_s=0.2))
    with running(app) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        for _ in range(200):
            said = client.post("/v1/score", json={}).text + client.get("/v2/health/ready").text
            if "starting" not in said:
                break
        yield said


def wait_for(client: httpx.Client, model_set: str) -> None:
    """Returns once the set serves; the service polls."""
    for _ in range(400):
        if model_set in client.get("/v2/models/churn").text + client.get("/v2/health/ready").text:
            return
        client.post("/v1/models/refresh")
    raise TimeoutError(client.get("/v2/health/ready").text)
