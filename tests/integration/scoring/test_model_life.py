"""The life of model sets in the service: taken over when proven, refused when not, never a dropped or mixed answer."""

import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from scoring.errors import ModelRepositoryError, NoModelsLoadedError
from scoring.http.app import create_app
from scoring.loading import load_verified
from scoring.metrics import ScoringMetrics
from scoring.model_registry import ModelRegistry
from scoring.model_repository import DirectoryRepository
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.integration.scoring.conftest import ask, model_files, wait_until_ready
from tests.small_models import SmallModels, train_small_models


@pytest.fixture(scope="module")
def other_models(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    return train_small_models(tmp_path_factory.mktemp("other-models"), seed=2)


@pytest.fixture
def folder(small_models: SmallModels, tmp_path: Path) -> Path:
    """A copy of the small model set, to be replaced or spoilt."""
    return Path(shutil.copytree(small_models.folder, tmp_path / "models"))


@pytest.fixture
def registry(folder: Path) -> ModelRegistry:
    return ModelRegistry(
        DirectoryRepository(folder),
        alias="champion",
        load=partial(load_verified, max_rows=100),
        metrics=ScoringMetrics(),
    )


def _replace(folder: Path, models: SmallModels) -> None:
    for path in models.folder.iterdir():
        shutil.copy(path, folder / path.name)


def test_before_the_first_models_there_is_a_typed_error_with_the_reason(tmp_path: Path) -> None:
    registry = ModelRegistry(
        DirectoryRepository(tmp_path / "nowhere"),
        alias="champion",
        load=partial(load_verified, max_rows=100),
        metrics=ScoringMetrics(),
    )
    assert not registry.refresh()
    with pytest.raises(NoModelsLoadedError, match=r"no model set in .*nowhere"):
        registry.current()


def test_a_new_version_is_taken_over_once(registry: ModelRegistry, folder: Path, other_models: SmallModels) -> None:
    assert registry.refresh()
    first = registry.current()
    assert not registry.refresh()
    _replace(folder, other_models)
    assert registry.refresh()
    assert registry.current().models.spec.id != first.models.spec.id
    assert registry.problem is None


def _spoil_a_leaf(folder: Path) -> None:
    trees = folder / "value_0.txt"
    lines = trees.read_text().splitlines()
    position = next(number for number, line in enumerate(lines) if line.startswith("leaf_value="))
    values = lines[position].removeprefix("leaf_value=").split(" ")
    lines[position] = "leaf_value=" + " ".join([str(float(value) + 1.0) for value in values])
    trees.write_text("\n".join(lines) + "\n")


def _cut_short(folder: Path) -> None:
    trees = folder / "value_0.txt"
    trees.write_bytes(trees.read_bytes()[:200])


def _foreign(folder: Path) -> None:
    """As if trained, properly, by a process that computes other features."""
    spec = json.loads((folder / "model_set.json").read_text())
    (folder / "model_set.json").write_text(json.dumps({**spec, "feature_set": "f00"}))
    _prove_again(folder, lambda proof: None)


def _other_answers(folder: Path) -> None:
    """As if another version of a library computed something else."""

    def alter(proof: dict[str, Any]) -> None:
        proof["outputs"]["p50_days"][3] *= 1.001

    _prove_again(folder, alter)


def _prove_again(folder: Path, alter: Callable[[dict[str, Any]], None]) -> None:
    proof = json.loads((folder / "reproduction.json").read_text())
    proof["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in proof["files"]}
    alter(proof)
    (folder / "reproduction.json").write_text(json.dumps(proof))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_spoil_a_leaf, "value_0.txt in .* is not the file"),
        (_cut_short, "value_0.txt in .* is not the file"),
        (_other_answers, "does not reproduce the p50_days"),
        (_foreign, "trained on feature set f00"),
        (lambda folder: (folder / "reproduction.json").unlink(), "cannot be checked"),
        (lambda folder: (folder / "model_set.json").unlink(), "model_set.json in .* is not the file"),
    ],
    ids=["changed leaf", "cut short", "other answers", "foreign features", "unproven", "no description"],
)
def test_a_bad_version_is_refused_and_the_old_one_stays(
    registry: ModelRegistry, folder: Path, spoil: Any, words: str
) -> None:
    registry.refresh()
    served = registry.current()
    spoil(folder)
    assert not registry.refresh()
    assert registry.current() is served
    assert registry.problem is not None
    assert re.search(words, registry.problem)


def test_what_is_loaded_does_not_change_while_the_files_are_replaced(folder: Path, other_models: SmallModels) -> None:
    repository = DirectoryRepository(folder)
    fetched = [repository.fetch(repository.find("champion"))]
    before = model_files(fetched[0])
    _replace(folder, other_models)
    assert model_files(fetched[0]) == before
    fetched += [repository.fetch(repository.find("champion")) for _ in range(2)]
    assert [copy.exists() for copy in fetched] == [False, True, True]
    del repository
    assert not any(copy.exists() for copy in fetched)


def test_a_directory_that_cannot_be_read_is_a_model_repository_error(tmp_path: Path) -> None:
    (tmp_path / "model_set.json").symlink_to(tmp_path / "model_set.json")
    (tmp_path / "value.txt").write_text("a tree")
    repository = DirectoryRepository(tmp_path)
    with pytest.raises(ModelRepositoryError, match="cannot read the model set"):
        repository.fetch(repository.find("champion"))


def test_a_refused_version_that_is_repaired_is_taken_over(
    registry: ModelRegistry, folder: Path, small_models: SmallModels, other_models: SmallModels
) -> None:
    registry.refresh()
    _replace(folder, other_models)
    _spoil_a_leaf(folder)
    registry.refresh()
    _replace(folder, other_models)
    assert registry.refresh()
    assert registry.problem is None


def test_a_swap_drops_and_mixes_no_request(folder: Path, other_models: SmallModels, question: dict[str, Any]) -> None:
    settings = ScoringSettings(models=folder, poll_s=0.05)
    seen: list[tuple[int, str, frozenset[str]]] = []
    enough = threading.Event()

    def ask_on(url: str) -> None:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            while not enough.is_set():
                response = ask(client, {**question, "drivers": 0})
                answer = response.json()
                versions = frozenset(
                    one[kind]["model"]["version"]
                    for one in answer.get("predictions", [])
                    for kind in ("churn", "next_purchase", "value")
                )
                seen.append((response.status_code, answer.get("model_set", answer.get("error")), versions))

    with running(create_app(settings)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        wait_until_ready(client)
        first = client.get("/v2/health/ready").json()["model_set"]
        askers = [threading.Thread(target=ask_on, args=(url,)) for _ in range(2)]
        for asker in askers:
            asker.start()
        _replace(folder, other_models)
        _next_set(client, after=first)
        enough.wait(0.5)
        enough.set()
        for asker in askers:
            asker.join()
    assert {status for status, _, _ in seen} == {200}
    assert len({model_set for _, model_set, _ in seen}) == 2
    assert all(versions == {model_set} for _, model_set, versions in seen)


def test_a_registry_s_webhook_brings_a_new_version_long_before_the_next_poll(
    folder: Path, other_models: SmallModels
) -> None:
    settings = ScoringSettings(models=folder, poll_s=3600)
    with running(create_app(settings)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        wait_until_ready(client)
        first = client.get("/v2/health/ready").json()["model_set"]
        _replace(folder, other_models)
        assert client.post("/v1/models/refresh").status_code == httpx.codes.ACCEPTED
        assert _next_set(client, after=first) == DirectoryRepository(other_models.folder).find("champion").key


def _next_set(client: httpx.Client, *, after: str) -> str:
    for _ in range(400):
        found = str(client.get("/v2/health/ready").json()["model_set"])
        if found != after:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"model set {after} is still the one that serves")


def test_a_service_without_models_lives_but_is_not_ready(tmp_path: Path, question: dict[str, Any]) -> None:
    app = create_app(ScoringSettings(models=tmp_path / "nowhere"))
    with running(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/v2/health/live").status_code == httpx.codes.OK
        assert client.get("/v2/health/ready").status_code == httpx.codes.SERVICE_UNAVAILABLE
        response = ask(client, question)
    assert (response.status_code, response.json()["code"]) == (503, "NO_MODELS")
    assert response.headers["retry-after"] == "5"
