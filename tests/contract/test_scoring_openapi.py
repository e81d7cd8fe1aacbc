"""The scoring service keeps its OpenAPI document, whatever it is sent: schemathesis looks for what it does not say."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from scoring.http.app import create_app
from scoring.http.openapi import openapi
from scoring.settings import ScoringSettings
from tests.http_server import running
from tests.integration.scoring.conftest import wait_until_ready
from tests.small_models import train_small_models

_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]

schema = schemathesis.openapi.from_dict(openapi())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = train_small_models(tmp_path_factory.mktemp("contract-models"))
    with running(create_app(ScoringSettings(models=models.folder))) as url:
        with httpx.Client(base_url=url, trust_env=False) as client:
            wait_until_ready(client)
        yield url


@schema.parametrize()
@settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
def test_every_answer_is_one_the_document_promises(case: Any, url: str) -> None:
    response = case.call(base_url=url)
    case.validate_response(response, checks=_CHECKS)


def test_the_document_is_served(url: str) -> None:
    assert httpx.get(f"{url}/openapi.json", trust_env=False).json() == openapi()
