"""An experiment: the same customers always get the challenger, the answer says so, and a pinned version still wins."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scoring.experiment import Experiment, Variant
from scoring.http.app import create_app, service_of
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.integration.scoring.conftest import TwoDirectories, ask, wait_until_ready
from tests.small_models import SmallModels, train_small_models

IDS = [str(number) for number in range(40)]
EXPERIMENT = Experiment(name="autumn", share=0.3)


@pytest.fixture(scope="module")
def client(small_models: SmallModels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    other = train_small_models(tmp_path_factory.mktemp("experiment"), seed=2)
    repository = TwoDirectories(champion=small_models.folder, challenger=other.folder)
    settings = ScoringSettings(experiment=EXPERIMENT.name, challenger_share=EXPERIMENT.share)
    app = create_app(settings, repository=repository)
    challenger = service_of(app).challenger
    assert challenger is not None
    challenger.refresh()
    with running(app) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def everybody(question: dict[str, Any], small_models: SmallModels) -> dict[str, Any]:
    return {**question, "rows": [list(row) for row in small_models.rows[: len(IDS)]], "ids": IDS}


def test_the_share_of_customers_is_that_of_the_experiment_and_another_name_divides_them_anew() -> None:
    many = [str(number) for number in range(20_000)]
    autumn, winter = (Experiment(name=name, share=0.3).variants(many) for name in ("autumn", "winter"))
    assert autumn.count(Variant.CHALLENGER) / len(many) == pytest.approx(0.3, abs=0.02)
    both = sum(one is other is Variant.CHALLENGER for one, other in zip(autumn, winter, strict=True))
    assert both / len(many) == pytest.approx(0.09, abs=0.01)


def test_a_larger_share_keeps_the_customers_of_a_smaller_one() -> None:
    few, more = (Experiment(name="autumn", share=share).variants(IDS) for share in (0.2, 0.6))
    assert all(later is Variant.CHALLENGER for now, later in zip(few, more, strict=True) if now is Variant.CHALLENGER)


def test_each_customer_is_answered_by_their_variant_alone(client: httpx.Client, everybody: dict[str, Any]) -> None:
    split = ask(client, everybody).json()["predictions"]
    assert [one["variant"] for one in split] == EXPERIMENT.variants(IDS)
    assert {one["variant"] for one in split} == set(Variant)
    whole = {
        variant: ask(client, everybody, f"/v1/score?variant={variant}").json() for variant in ("CHAMPION", "CHALLENGER")
    }
    for number, one in enumerate(split):
        expected = whole[one["variant"]]
        assert one["model_set"] == expected["model_set"]
        assert one["churn"] == expected["predictions"][number]["churn"]
        assert one["value"] == expected["predictions"][number]["value"]


def test_a_request_that_names_its_models_is_not_divided(client: httpx.Client, everybody: dict[str, Any]) -> None:
    champion = ask(client, everybody).json()["model_set"]
    pinned = ask(client, everybody, f"/v1/score?model_set={champion}").json()
    assert pinned["model_set"] == champion
    assert {one["variant"] for one in pinned["predictions"]} == {None}


def test_customers_without_ids_get_the_champion(client: httpx.Client, everybody: dict[str, Any]) -> None:
    anonymous = ask(client, {**everybody, "ids": None}).json()
    assert {one["variant"] for one in anonymous["predictions"]} == {None}


@pytest.mark.parametrize("query", ["variant=NOBODY", "variant=CHAMPION&model_set=nonsense"])
def test_what_is_not_loaded_is_not_found(client: httpx.Client, everybody: dict[str, Any], query: str) -> None:
    response = ask(client, everybody, f"/v1/score?{query}")
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_MODEL")


def test_the_figures_count_customers_by_variant(client: httpx.Client, everybody: dict[str, Any]) -> None:
    ask(client, everybody)
    assert 'parcours_scoring_experiment_rows_total{variant="CHALLENGER"}' in client.get("/metrics").text
