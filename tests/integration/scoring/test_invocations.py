"""MLflow's scoring protocol: its client works, every form of data frame gives the same answer, the rest is a 4xx."""

import csv
import warnings
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pandas as pd
import pytest

from customer.features.definitions import FEATURE_NAMES
from scoring.engine import load_model_set
from tests.integration.scoring.conftest import ask
from tests.small_models import SmallModels

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns of its own type hints while it is imported
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

_COLUMNS = list(FEATURE_NAMES)


def _post(service: httpx.Client, body: Any) -> httpx.Response:
    return ask(service, body, "/invocations")


def test_mlflows_own_client_gets_the_models_predictions(service: httpx.Client, small_models: SmallModels) -> None:
    address = urlsplit(str(service.base_url))
    client = ScoringServerClient(address.hostname, address.port)  # type: ignore[no-untyped-call]
    client.wait_server_ready(timeout=10)  # type: ignore[no-untyped-call]
    frame = pd.DataFrame(small_models.rows[:5], columns=_COLUMNS)
    answer = client.invoke(frame, params={"model": "churn"}).get_predictions()
    expected = load_model_set(small_models.folder).scores(small_models.matrix[:5])
    np.testing.assert_allclose(answer["probability"], expected.churn)


def test_every_form_of_data_gives_the_same_answer(service: httpx.Client, small_models: SmallModels) -> None:
    rows = small_models.rows[:3]
    records = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    columns = {name: [row[position] for row in rows] for position, name in enumerate(_COLUMNS)}
    text = StringIO()
    writer = csv.writer(text)
    writer.writerows([_COLUMNS, *[["" if value is None else value for value in row] for row in rows]])
    answers = [
        _post(service, body)
        for body in (
            {"dataframe_split": {"columns": _COLUMNS, "data": rows}},
            {"dataframe_split": {"columns": _COLUMNS, "index": [7, 8, 9], "data": rows}},
            {"dataframe_records": records},
            {"instances": rows},
            {"instances": records},
            {"inputs": columns},
            {"inputs": rows},
        )
    ]
    answers.append(service.post("/invocations", content=text.getvalue(), headers={"content-type": "text/csv"}))
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[-1].text
    predictions = [answer.json()["predictions"] for answer in answers]
    assert all(one == predictions[0] for one in predictions)
    assert set(predictions[0][0]) >= {"churn_probability", "next_purchase_p50_days", "value_expected_minor"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "found nothing"),
        ({"inputs": [], "instances": []}, "exactly one"),
        ({"rows": []}, "found rows"),
        ({"dataframe_split": {"columns": ["a"]}}, "needs columns and data"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1]]}}, "missing"),
        ({"dataframe_records": [{"a": 1}, {"b": 1}]}, "record 1 has other fields"),
        ({"inputs": {"a": [1], "b": [1, 2]}}, "different lengths"),
        ({"instances": [[1]]}, "row 0 has 1 values"),
        ({"instances": "x"}, "cannot be read"),
        ({"instances": [], "params": {"model": "mood"}}, "params.model"),
        ({"instances": [], "params": {"horizon_days": 0}}, "params.horizon_days"),
        ({"instances": [], "params": 3}, "params is not an object"),
        ([1], "not a JSON object"),
    ],
)
def test_what_is_no_data_frame_is_a_400(service: httpx.Client, body: Any, words: str) -> None:
    response = _post(service, body)
    assert response.status_code == httpx.codes.BAD_REQUEST
    assert words in response.json()["error"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 400),
        ("application/json; charset=latin-1", 415),
        ("application/x-parquet", 415),
        ("text/csv", 400),
    ],
)
def test_only_utf_8_json_and_csv_are_read(service: httpx.Client, content_type: str, status: int) -> None:
    response = service.post("/invocations", content=b"[", headers={"content-type": content_type})
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/ping", "/health", "/version"])
def test_the_small_endpoints_answer(service: httpx.Client, path: str) -> None:
    assert service.get(path).status_code == httpx.codes.OK
