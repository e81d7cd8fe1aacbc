"""The scoring service on a port of its own with a real, small model set."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from scoring.http.app import create_app
from scoring.model_repository import DirectoryRepository, ModelSetVersion
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.small_models import SmallModels, train_small_models

READY_WITHIN_S = 90


class TwoDirectories:
    """A repository whose aliases mean directories."""

    def __init__(self, **folders: Path) -> None:
        self._repositories = {alias: DirectoryRepository(folder) for alias, folder in folders.items()}
        self._folders = {repository.find(alias).key: folders[alias] for alias, repository in self._repositories.items()}

    def find(self, alias: str) -> ModelSetVersion:
        return self._repositories[alias].find(alias)

    def fetch(self, version: ModelSetVersion) -> Path:
        return self._folders[version.key]


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    return train_small_models(tmp_path_factory.mktemp("small-models"))


@pytest.fixture(scope="session")
def service(small_models: SmallModels) -> Iterator[httpx.Client]:
    """A client of a running service; what a test asks does not change it."""
    settings = ScoringSettings(models=small_models.folder, max_body_bytes=400_000, max_rows=120)
    with running(create_app(settings)) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        wait_until_ready(client)
        yield client


def wait_until_ready(client: httpx.Client) -> None:
    """Returns once models are loaded."""
    transport_tries = int(READY_WITHIN_S / 0.05)
    for _ in range(transport_tries):
        if client.get("/v2/health/ready").status_code == httpx.codes.OK:
            return

        time.sleep(0.05)
    raise TimeoutError(client.get("/v2/health/ready").text)


@pytest.fixture
def question(small_models: SmallModels) -> dict[str, Any]:
    """A valid score request for three customers, to be spoilt by tests."""
    return {
        "feature_set": FEATURE_SET,
        "as_of": "2025-10-01T00:00:00Z",
        "columns": list(FEATURE_NAMES),
        "rows": [list(row) for row in small_models.rows[:3]],
        "ids": ["a", "b", "c"],
        "drivers": 3,
    }


def ask(client: httpx.Client, question: Any, path: str = "/v1/score") -> httpx.Response:
    """Posts JSON, NaN-free."""
    return client.post(path, content=msgspec.json.encode(question), headers={"content-type": "application/json"})


def model_files(folder: Path) -> dict[str, bytes]:
    """A model set's files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
