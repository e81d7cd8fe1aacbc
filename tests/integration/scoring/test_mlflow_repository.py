"""Model versions in a real MLflow server: found by alias, fetched once, and remembered while the server is away."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient

from scoring.errors import ModelRepositoryError
from scoring.loading import load_verified
from scoring.model_repository import MODEL_NAMES, MODEL_SET_TAG, MlflowRepository
from tests.ports import free_port
from tests.small_models import SmallModels

_STARTS_WITHIN_S = 120


class Server:
    """An MLflow server on SQLite, as the demo runs it."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
        stores = [
            "--backend-store-uri",
            f"sqlite:///{folder / 'mlflow.db'}",
            "--artifacts-destination",
            str(folder / "a"),
        ]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *stores, "--workers", "1"], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        for _ in range(_STARTS_WITHIN_S * 5):
            try:
                if httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise TimeoutError(f"MLflow did not start within {_STARTS_WITHIN_S} s")

    def stop(self) -> None:
        os.killpg(self._process.pid, 15)
        self._process.wait(timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "mlflow"
    folder.mkdir()
    server = Server(folder)
    try:
        server.wait()
        yield server
    finally:
        if server._process.poll() is None:
            server.stop()


def _register(client: Any, models: Path, name: str, *, alias: str, only: tuple[str, ...] = MODEL_NAMES) -> None:
    """Three versions of one run, as training registers them."""
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(models), "model_set")
    for model in only:
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        version = client.create_model_version(
            model, f"runs:/{run.info.run_id}/model_set", run.info.run_id, tags={MODEL_SET_TAG: name}
        )
        client.set_registered_model_alias(model, alias, version.version)


def test_versions_are_followed_by_alias_and_remembered(
    server: Server, small_models: SmallModels, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
    repository = MlflowRepository(server.url, cache=tmp_path / "cache", timeout_s=10)
    with pytest.raises(ModelRepositoryError, match="cannot resolve @champion"):
        repository.find("champion")

    _register(client, small_models.folder, "set-1", alias="champion")
    first = repository.find("champion")
    assert (first.key, first.registry_versions["value"]) == ("set-1", "1")
    loaded = load_verified(repository.fetch(first), first, max_rows=10)
    assert loaded.model_version("churn") == "1"

    _register(client, small_models.folder, "set-2", alias="champion", only=("churn",))
    with pytest.raises(ModelRepositoryError, match="point to different model sets"):
        MlflowRepository(server.url, cache=tmp_path / "other", timeout_s=10).find("champion")
    assert repository.find("champion") == first  # the last consistent one goes on serving

    _register(client, small_models.folder, "set-3", alias="champion")
    third = repository.find("champion")
    repository.fetch(third)
    assert {kept.name for kept in (tmp_path / "cache").iterdir()} == {"champion.json", "set-3"}

    server.stop()
    caplog.clear()
    assert repository.find("champion") == third
    assert repository.find("champion") == third
    [told] = [message for message in caplog.messages if "going on with model set" in message]
    assert "set-3" in told
    assert "may have been replaced since" in told
    assert MlflowRepository(server.url, cache=tmp_path / "cache", timeout_s=1).find("champion") == third
    with pytest.raises(ModelRepositoryError, match="cannot resolve"):
        MlflowRepository(server.url, cache=tmp_path / "empty", timeout_s=1).find("champion")
