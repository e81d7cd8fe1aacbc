"""Open Inference Protocol v2, asked by tritonclient and by hand: right answers, and 4xx for what cannot be read."""

from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from customer.features.definitions import FEATURES
from customer.features.feature import FeatureType
from scoring.engine import load_model_set
from tests.integration.scoring.conftest import ask
from tests.small_models import SmallModels

_ROWS = 4


@pytest.fixture
def client(service: httpx.Client) -> Any:
    with triton.InferenceServerClient(str(service.base_url).removeprefix("http://").rstrip("/")) as client:
        yield client


def _triton_inputs(small_models: SmallModels, *, binary: bool) -> list[Any]:
    inputs = []
    for position, feature in enumerate(FEATURES):
        words = feature.dtype is FeatureType.CATEGORY
        values = [row[position] for row in small_models.rows[:_ROWS]]
        if any(value is None for value in values) and (words or not binary):
            values = ["" if words else 0.0 for _ in values]
        column = np.array(values, dtype=np.object_ if words else np.float64).reshape(-1, 1)
        tensor = triton.InferInput(feature.name, [_ROWS, 1], "BYTES" if words else "FP64")
        tensor.set_data_from_numpy(column, binary_data=binary)
        inputs.append(tensor)
    return inputs


def _json_inputs(small_models: SmallModels) -> list[dict[str, Any]]:
    return [
        {
            "name": feature.name,
            "shape": [_ROWS, 1],
            "datatype": "BYTES" if feature.dtype is FeatureType.CATEGORY else "FP64",
            "data": [row[position] for row in small_models.rows[:_ROWS]],
        }
        for position, feature in enumerate(FEATURES)
    ]


def test_tritonclient_reads_health_and_metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.get_server_metadata()["name"] == "parcours-scoring"
    metadata = client.get_model_metadata("value")
    assert metadata["platform"] == "lightgbm_booster"
    assert [one["name"] for one in metadata["inputs"]] == [feature.name for feature in FEATURES]
    assert client.is_model_ready("value", metadata["versions"][0])


@pytest.mark.parametrize("binary", [True, False])
def test_tritonclient_infers_what_the_models_predict(
    client: Any, small_models: SmallModels, service: httpx.Client, binary: bool
) -> None:
    inputs = _triton_inputs(small_models, binary=binary)
    answer = client.infer("churn", inputs, request_id="42")
    assert answer.get_response()["id"] == "42"
    probabilities = answer.as_numpy("probability")
    assert probabilities.shape == (_ROWS, 1)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_json_tensors_with_nulls_give_exactly_the_models_predictions(
    service: httpx.Client, small_models: SmallModels
) -> None:
    models = load_model_set(small_models.folder)
    expected = models.scores(small_models.matrix[:_ROWS])
    answer = ask(service, {"inputs": _json_inputs(small_models)}, "/v2/models/next_purchase/infer").json()
    found = {output["name"]: output["data"] for output in answer["outputs"]}
    assert answer["model_version"] == models.spec.id
    np.testing.assert_allclose(found["p50_days"], expected.p50_days)
    assert set(found) == {"p10_days", "p50_days", "p90_days"}


def test_a_version_in_the_path_answers_or_is_not_found(service: httpx.Client, small_models: SmallModels) -> None:
    version = service.get("/v2/models/churn").json()["versions"][0]
    body = {"inputs": _json_inputs(small_models), "outputs": [{"name": "probability"}]}
    assert ask(service, body, f"/v2/models/churn/versions/{version}/infer").status_code == httpx.codes.OK
    response = ask(service, body, "/v2/models/churn/versions/999/infer")
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_MODEL")
    assert service.get("/v2/models/nonsense").status_code == httpx.codes.NOT_FOUND


def _change(number: int, **changes: Any) -> Any:
    def change(inputs: list[dict[str, Any]]) -> Any:
        return {"inputs": [{**one, **changes} if at == number else one for at, one in enumerate(inputs)]}

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda inputs: {"inputs": inputs[1:]}, "missing"),
        (_change(0, name="shoe_size"), "unknown shoe_size"),
        (_change(0, name=FEATURES[1].name), "given twice"),
        (_change(0, shape=[_ROWS, 2]), "expected [rows, 1]"),
        (_change(0, shape=[_ROWS + 1, 1]), "its shape"),
        (_change(0, shape=[-1, 1]), "expected [rows, 1]"),
        (_change(0, datatype="FP128"), "has datatype FP128"),
        (_change(0, data=["x"] * _ROWS), "but holds a str"),
        (_change(0, data=None), "has no data"),
        (_change(0, data=None, parameters={"binary_data_size": 8}), "0 are left"),
        (lambda inputs: {"inputs": inputs, "outputs": [{"name": "mood"}]}, "has no output mood"),
        (lambda inputs: {"inputs": inputs, "parameters": {"horizon_days": "soon"}}, "horizon_days"),
        (lambda inputs: {"inputs": "none"}, "$.inputs"),
        (lambda inputs: [], "not an inference request"),
    ],
)
def test_what_cannot_be_read_is_a_400_with_the_protocols_error(
    service: httpx.Client, small_models: SmallModels, spoil: Any, words: str
) -> None:
    response = ask(service, spoil(_json_inputs(small_models)), "/v2/models/churn/infer")
    assert response.status_code == httpx.codes.BAD_REQUEST
    assert words in response.json()["error"]


@pytest.mark.parametrize("header", ["-1", "x", "99999999"])
def test_a_wrong_length_of_the_json_part_is_a_400(service: httpx.Client, header: str) -> None:
    response = service.post(
        "/v2/models/churn/infer", content=b'{"inputs": []}', headers={"inference-header-content-length": header}
    )
    assert response.status_code == httpx.codes.BAD_REQUEST


def test_tritonclient_shows_the_servers_words(client: Any) -> None:
    tensor = triton.InferInput("shoe_size", [1, 1], "FP64")
    tensor.set_data_from_numpy(np.array([[42.0]]))
    with pytest.raises(InferenceServerException, match="unknown shoe_size"):
        client.infer("churn", [tensor])
