"""Dask's workers compute, grow and score what this machine does; engines that are not installed say how to be."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dask
import numpy as np
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client, LocalCluster
from lightgbm import Booster

from tests.integration.training.conftest import Predictions
from tests.integration.training.shop import AS_OF, NOW, TINY, Order, numbers, trained_on, write_orders
from training.data.engine import LOCAL, Growth
from training.data.examples import feature_frame
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot
from training.data.spine import build_spine
from training.engines.dask_engine import DaskEngine, DaskFailedError
from training.engines.names import EngineName
from training.engines.opening import EngineMissingError, open_engine
from training.engines.started_processes import words_to
from training.predict import models_in, predict_file
from training.train import save_models


@pytest.fixture(scope="module")
def dask_engine() -> Iterator[DaskEngine]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield DaskEngine(client)


@pytest.fixture(scope="module")
def snapshot(orders: list[Order], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("facts")
    file = write_orders(folder / "orders.csv", orders)
    return snapshot_from_orders(file, folder / "snapshot", known_before=AS_OF, now=NOW)[0]


def test_dask_computes_the_same_features_in_the_same_order(dask_engine: DaskEngine, snapshot: Snapshot) -> None:
    spine = build_spine(snapshot, [AS_OF])
    here, there = feature_frame(snapshot, spine), feature_frame(snapshot, spine, engine=dask_engine)
    np.testing.assert_array_equal(here.customer_id, there.customer_id)
    np.testing.assert_array_equal(here.values, there.values)


def test_dask_grows_what_one_machine_grows_no_further_apart_than_by_another_seed(dask_engine: DaskEngine) -> None:
    chance = np.random.default_rng(4)
    inputs = chance.normal(size=(6000, 5)).astype(np.float32)
    inputs[:, 0] += np.linspace(-2.0, 2.0, 6000)  # rows come sorted by age, and the old ones are unlike the new ones
    log_odds = 2.0 * inputs[:, 0] - np.abs(inputs[:, 1])
    growth = Growth(
        inputs=inputs, label=(chance.random(6000) < 1 / (1 + np.exp(-log_odds))).astype(float), start=None,
        names=[f"input_{number}" for number in range(5)], trees=30,
        parameters={**TINY.hazard_parameters(1), "learning_rate": 0.1, "feature_fraction": 1.0},
    )  # fmt: skip
    other_rows = replace(growth, parameters={**growth.parameters, "bagging_seed": 77})
    here, again, there = LOCAL.grow(growth), LOCAL.grow(other_rows), dask_engine.grow(growth)
    assert _rows_of_first_tree(there) == pytest.approx(_rows_of_first_tree(here), rel=0.05)  # of all workers
    said, said_again, elsewhere = (np.asarray(grown.predict(inputs)) for grown in (here, again, there))
    assert np.abs(elsewhere - said).mean() < 1.5 * np.abs(said_again - said).mean()
    assert elsewhere.mean() == pytest.approx(said.mean(), abs=0.005)


def _rows_of_first_tree(booster: Booster) -> int:
    rows: int = booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"]
    return rows


def test_what_dask_trains_and_scores_is_scored_alike_on_its_workers(
    dask_engine: DaskEngine, orders: list[Order], predictions: Predictions, snapshot: Snapshot, tmp_path: Path
) -> None:
    trained, elsewhere = trained_on(tmp_path / "trained", orders, recipe=replace(TINY, engine=dask_engine))
    customers = sorted(predictions)

    models = tmp_path / "models"
    save_models(trained.models, models, vectors=trained.present.values)
    out = tmp_path / "scored.parquet"
    predict_file(
        snapshot, lambda: models_in(models), as_of=AS_OF, horizon_days=30, out=out, engine=dask_engine
    )  # fmt: skip
    scored = {row["customer_id"]: row for row in pq.read_table(out).to_pylist()}
    for column in ("churn_probability", "next_p50"):
        expected, found = (numbers(rows, column, customers) for rows in (elsewhere, scored))
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_what_a_started_machine_says_goes_to_a_file_and_ours_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "spark.log").open("wb") as log, words_to(log):
        machine = subprocess.Popen(["sh", "-c", "read line; echo WARN $line >&2; echo so"], stdin=subprocess.PIPE)
    sys.stdout.write("result\n")
    sys.stderr.write("ours\n")
    machine.communicate(b"incubator\n", timeout=10)  # what it says later goes there too
    assert (tmp_path / "spark.log").read_text() == "WARN incubator\nso\n"
    assert capfd.readouterr() == ("result\n", "ours\n")


def test_an_absent_scheduler_is_named() -> None:
    with dask.config.set({"scheduler-address": "nowhere"}), pytest.raises(DaskFailedError, match="'nowhere'"):
        with open_engine(EngineName.DASK):
            pass


def test_the_local_engine_needs_nothing_and_an_absent_one_says_what_to_install() -> None:
    with open_engine(EngineName.LOCAL) as engine:
        assert list(engine.in_order(abs, [-1, 2, -3])) == [1, 2, 3]
    words = str(EngineMissingError(EngineName.DASK, ["dask", "distributed"]))
    assert words.startswith("--engine dask needs dask and distributed")
    assert "pip install 'parcours[training,dask]'" in words
