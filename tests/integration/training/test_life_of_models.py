"""The life of model sets in MLflow, embedded: register, promote behind the gate, roll back, keep the log."""

import json
import os
import re
import socket
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import psycopg
import pytest

from customer.features.definitions import FEATURE_NAMES
from scoring.engine import ModelSet, load_model_set
from scoring.engine.spec import FORMAT
from tests.integration.training.shop import AS_OF, NOW, TINY, Order, write_orders
from training.basis import basis_reasons, caveats
from training.console import print_training
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import NoFactsError, Snapshot
from training.registry import changeover, trainings
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    MODEL_NAMES,
    MODEL_SET_TAG,
    RegistryError,
    connect,
    create_model,
    download_set,
    find_by_alias,
    find_by_set,
    list_sets,
)  # fmt: skip
from training.registry.promotion import NotPromotedError, judge_all
from training.registry.promotion_log import read_log
from training.retraining import Outcome, Policy, retrain
from training.settings import TrainingSettings

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own code warns of its own libraries


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> TrainingSettings:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('default', 'Shop', 'EUR', 'UTC')"
        )
    return TrainingSettings(home=tmp_path / "home", database_url=database_url, tracking_uri=None, tenant="default")


def taken(settings: TrainingSettings, orders: list[Order], scratch: Path, *, weeks: int = 0) -> trainings.Training:
    """A training whose facts come from a file, and everything after it as from the database."""
    as_of = AS_OF + timedelta(weeks=weeks)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        file = write_orders(Path(folder) / "orders.csv", orders)
        snapshot, _ = snapshot_from_orders(file, Path(folder) / "snapshot", known_before=as_of, now=NOW)
        return trainings.train_and_register(
            settings, snapshot, trainings.Order(as_of=as_of, horizon_days=30, recipe=TINY, seed=1),
            progress=lambda _: None,
        )  # fmt: skip


def test_a_model_set_lives_in_the_registry(
    settings: TrainingSettings, orders: list[Order], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = taken(settings, orders, tmp_path)
    assert first.is_promoted
    capsys.readouterr()
    print_training(first, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["model_set"], told["is_champion"]) == (first.registered.model_set, True)
    assert (told["reasons"], told["caveats"]) == (basis_reasons(first.trained), caveats(first.trained))
    client = connect(settings)
    champion = find_by_alias(client, CHAMPION)
    assert champion == first.registered

    run = client.get_run(champion.run_id)
    assert run.data.params["data_hash"] == first.trained.models.spec.data_hash
    assert run.data.metrics["churn_auc"] == pytest.approx(first.trained.models.spec.metrics["churn_auc"])
    assert "baseline_churn_auc" in run.data.metrics
    assert {file.path for file in client.list_artifacts(champion.run_id, "plots")} == {
        f"plots/{name}.svg"
        for name in ("calibration", "gains", "lift", "survival", "shap_summary", "shap_summary_value")
    }

    loaded = load_model_set(download_set(client, champion, tmp_path))
    matrix = first.trained.present.values[:20]
    expected = first.trained.models.scores(matrix)
    assert loaded.scores(matrix).churn == pytest.approx(expected.churn, abs=1e-12)

    served = mlflow.pyfunc.load_model("models:/next_purchase@champion")
    frame = {name: matrix[:, position] for position, name in enumerate(FEATURE_NAMES)}
    answer = served.predict(pd.DataFrame(frame))
    assert np.asarray(answer["p50_days"]) == pytest.approx(expected.p50_days)

    second = taken(settings, orders, tmp_path, weeks=6)
    assert find_by_alias(client, CHAMPION if second.is_promoted else CHALLENGER) == second.registered
    changeover.promote_set(settings, second.registered.model_set, force=not second.is_promoted)
    assert changeover.roll_back(settings) == first.registered
    assert find_by_alias(client, CHAMPION) == first.registered

    log = read_log(settings.database_url or "", alias=CHAMPION)
    assert log[0].action == "ROLLBACK"
    assert log[-1].model_set == first.registered.model_set
    assert log[-1].reasons
    with (
        psycopg.connect(settings.database_url or "") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("update model_promotion set model_set = 'another'")


def test_a_set_that_loses_against_the_champion_is_refused_and_becomes_the_challenger(
    settings: TrainingSettings, orders: list[Order], tmp_path: Path
) -> None:
    first = taken(settings, orders, tmp_path)
    regular = [replace(order, customer="c1") if order.at >= AS_OF else order for order in orders]
    second = taken(settings, regular, tmp_path, weeks=6)
    failed = [check for check in second.checks if not check.passed]
    assert failed
    assert not second.is_promoted
    client = connect(settings)
    assert find_by_alias(client, CHAMPION) == first.registered
    assert find_by_alias(client, CHALLENGER) == second.registered
    assert read_log(settings.database_url or "", alias=CHAMPION)[0].action == "REFUSAL"
    for named in (None, second.registered.model_set):
        with pytest.raises(NotPromotedError, match=re.escape(failed[0].reason)):
            changeover.promote_set(settings, named, force=False)
    changeover.promote_set(settings, None, force=True)
    assert find_by_alias(client, CHAMPION) == second.registered
    assert read_log(settings.database_url or "", alias=CHAMPION)[0].is_forced


def test_a_champion_of_an_earlier_version_makes_way(
    settings: TrainingSettings, orders: list[Order], tmp_path: Path
) -> None:
    first = taken(settings, orders, tmp_path)
    assert changeover.fault_of_champion(settings) is None
    policy = Policy(max_age=timedelta(days=3650), patience=timedelta(days=3650))
    order = trainings.Order(as_of=AS_OF, horizon_days=30, recipe=TINY, seed=1)
    not_due = retrain(settings, policy, order, is_forced=False, progress=lambda _: None)
    assert not_due.outcome is Outcome.NOT_DUE

    for spec in settings.mlflow_folder.rglob("model_set.json"):
        spec.write_text(spec.read_text().replace(f'"format": {FORMAT}', '"format": 1'))
    assert "is of format 1, this version reads" in str(changeover.fault_of_champion(settings))
    with pytest.raises(NoFactsError):  # now it is due, and this database holds nothing to learn from
        retrain(settings, policy, order, is_forced=False, progress=lambda _: None)
    models = first.trained.models
    other = replace(first.trained, models=ModelSet(replace(models.spec, id="another"), models.boosters))
    facts = Snapshot(
        folder=tmp_path, content_hash="", known_before=AS_OF, time_zone="UTC", currency="EUR", has_amounts=True,
        bucket_count=1, row_counts={},
    )  # fmt: skip
    checks = judge_all(connect(settings), other, None, facts, progress=lambda _: None).checks
    [check] = [one for one in checks if one.check == "champion"]
    assert check.passed
    assert "cannot serve any more" in check.reason
    with pytest.raises(RegistryError, match=r"cannot serve any more: .* is of format 1"):
        changeover.promote_set(settings, first.registered.model_set, force=True)


def test_a_set_registered_twice_is_listed_once_and_means_its_newest_versions(tmp_path: Path) -> None:
    client = connect(TrainingSettings(home=tmp_path, tracking_uri=None))
    for number, model_set in enumerate(("again", "other", "again"), start=1):
        for name in MODEL_NAMES:
            create_model(client, name)
            made = client.create_model_version(name, source=str(tmp_path), tags={MODEL_SET_TAG: model_set})
            assert int(made.version) == number
    client.set_registered_model_alias("value", CHAMPION, "1")
    assert [one.model_set for one in list_sets(client)] == ["again", "other"]
    assert set(find_by_set(client, "again").versions.values()) == {"3"}


def test_a_registry_that_is_not_there_is_asked_twice_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[socket.socket] = []

        def hang_up() -> None:
            with suppress(OSError):  # the server was closed
                while True:
                    connection, _ = server.accept()
                    asked.append(connection)
                    connection.close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        place = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(RegistryError, match=f"the MLflow server at {place} does not answer"):
            connect(TrainingSettings(tracking_uri=place))
        server.shutdown(socket.SHUT_RDWR)
    hanging_up.join()
    assert len(asked) == 2
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_store_whose_files_a_server_gives_out_is_not_opened_without_it(tmp_path: Path) -> None:
    embedded = TrainingSettings(home=tmp_path, tracking_uri=None)
    embedded.mlflow_folder.mkdir()
    store = mlflow.MlflowClient(f"sqlite:///{embedded.mlflow_folder / 'mlflow.db'}")
    store.create_experiment("parcours", artifact_location="mlflow-artifacts:/1")
    with pytest.raises(RegistryError, match="set MLFLOW_TRACKING_URI to its address"):
        connect(embedded)
