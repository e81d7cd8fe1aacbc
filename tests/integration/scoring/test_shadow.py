"""A challenger beside the champion: asked for by name, or in shadow, where only figures come of it."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scoring.http.app import create_app
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.integration.scoring.conftest import TwoDirectories, ask, wait_until_ready
from tests.small_models import SmallModels, train_small_models


@pytest.fixture(scope="module")
def client(small_models: SmallModels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    other = train_small_models(tmp_path_factory.mktemp("challenger"), seed=2)
    repository = TwoDirectories(champion=small_models.folder, challenger=other.folder)
    app = create_app(ScoringSettings(shadow_share=1.0), repository=repository)
    with running(app) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        wait_until_ready(client)
        yield client


def _compared(client: httpx.Client, question: dict[str, Any]) -> tuple[str, float]:
    """The challenger's name and how many rows were compared; asks until it is loaded and something was."""
    for _ in range(200):
        ask(client, question)
        for line in client.get("/metrics").text.splitlines():
            if line.startswith("parcours_scoring_shadow_churn_difference_count"):
                return line.split('"')[1], float(line.rsplit(" ", 1)[1])
        time.sleep(0.05)
    raise TimeoutError("nothing was compared")


def test_a_challenger_in_shadow_is_compared_and_can_be_asked_by_name(
    client: httpx.Client, question: dict[str, Any]
) -> None:
    champion = ask(client, question).json()
    challenger, rows = _compared(client, question)
    assert rows >= len(question["rows"])
    assert challenger != champion["model_set"]
    pinned = ask(client, question, f"/v1/score?model_set={challenger}").json()
    assert pinned["model_set"] == challenger
    assert {one["churn"]["model"]["version"] for one in pinned["predictions"]} == {challenger}
    assert ask(client, question).json() == champion


def test_a_model_set_that_is_not_loaded_is_not_found(client: httpx.Client, question: dict[str, Any]) -> None:
    response = ask(client, question, "/v1/score?model_set=nonsense")
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_MODEL")
