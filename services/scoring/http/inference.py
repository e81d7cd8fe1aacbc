"""Open Inference Protocol v2: server and model metadata, and inference with one named input per feature."""

from functools import partial
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from customer.features.definitions import FEATURES
from customer.features.feature import Feature, FeatureType
from scoring.errors import RowsError, UnknownModelError, UnreadableBodyError
from scoring.http.json_bodies import read_json
from scoring.http.state import state_of
from scoring.http.tensors import Tensor, columns_of
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet
from scoring.outputs import MODEL_OUTPUTS, as_json_numbers, output_columns

_PLATFORM = "lightgbm_booster"
_DATATYPES = {
    FeatureType.INTEGER: "FP64",  # a missing count is NaN, which integers cannot say
    FeatureType.FLOAT: "FP64",
    FeatureType.BOOLEAN: "BOOL",
    FeatureType.CATEGORY: "BYTES",
}
_MOST_HORIZON_DAYS = 1095


class RequestedOutput(Struct, frozen=True, kw_only=True):
    name: str
    parameters: dict[str, str | float | bool] = {}


class InferBody(Struct, frozen=True, kw_only=True):
    """The protocol's inference request."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, str | float | bool] = {}
    outputs: list[RequestedOutput] | None = None


_encoder = msgspec.json.Encoder()


async def server_metadata(request: Request) -> Response:
    return JSONResponse(
        {"name": "parcours-scoring", "version": version("parcours"), "extensions": ["binary_tensor_data"]}
    )


async def model_metadata(request: Request) -> Response:
    name, loaded = _model(request)
    return JSONResponse(
        {
            "name": name,
            "versions": [loaded.model_version(name)],
            "platform": _PLATFORM,
            "inputs": [_input(feature) for feature in FEATURES],
            "outputs": [{"name": one, "datatype": "FP64", "shape": [-1, 1]} for one in MODEL_OUTPUTS[name]],
        }
    )


async def model_ready(request: Request) -> Response:
    name, _ = _model(request)
    return JSONResponse({"name": name, "ready": True})


async def infer(request: Request) -> Response:
    """`POST /v2/models/{model}[/versions/{version}]/infer`."""
    name, loaded = _model(request)
    state = state_of(request)
    body = await request.body()
    header = request.headers.get("inference-header-content-length")
    work = partial(answer_infer, body, header=header, model=name, loaded=loaded, metrics=state.metrics)
    return Response(await state.pool.run(work), media_type="application/json")


def answer_infer(
    body: bytes, *, header: str | None, model: str, loaded: LoadedModelSet, metrics: ScoringMetrics
) -> bytes:
    """The response body for a request body, whose JSON part ends after `header` bytes when binary data follows."""
    length = _json_length(header, len(body))
    try:
        request = msgspec.convert(read_json(body[:length], what="an inference request"), InferBody)
    except msgspec.ValidationError as error:
        raise UnreadableBodyError(f"the body is not an inference request: {error}") from error
    wanted = _wanted(request, model)
    columns = columns_of(request.inputs, memoryview(body)[length:])
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    matrix = loaded.reader.read(list(columns), rows)
    scores = loaded.models.scores(matrix, horizon_days=_horizon(request))
    metrics.scored(matrix)
    found = output_columns(model, scores)
    return _encoder.encode(
        {
            "model_name": model,
            "model_version": loaded.model_version(model),
            **({"id": request.id} if request.id is not None else {}),
            "parameters": {},
            "outputs": [
                {"name": name, "shape": [len(rows), 1], "datatype": "FP64", "data": as_json_numbers(found[name])}
                for name in wanted
            ],
        }
    )


def _model(request: Request) -> tuple[str, LoadedModelSet]:
    """The model and version of the path. Raises UnknownModelError."""
    name, asked = request.path_params["model"], request.path_params.get("version")
    if name not in MODEL_OUTPUTS:
        raise UnknownModelError(f"no model {name!r}; there are {', '.join(MODEL_OUTPUTS)}")
    loaded = state_of(request).models.current()
    if asked is not None and asked not in (loaded.model_version(name), loaded.models.spec.id):
        raise UnknownModelError(f"version {asked!r} of {name} is not loaded; loaded is {loaded.model_version(name)!r}")
    return name, loaded


def _input(feature: Feature) -> dict[str, Any]:
    return {"name": feature.name, "datatype": _DATATYPES[feature.dtype], "shape": [-1, 1]}


def _json_length(header: str | None, available: int) -> int:
    if header is None:
        return available
    if not header.isascii() or not header.isdigit() or int(header) > available:
        raise UnreadableBodyError(f"Inference-Header-Content-Length is {header!r}, the body has {available} bytes")
    return int(header)


def _wanted(request: InferBody, model: str) -> list[str]:
    if request.outputs is None:
        return list(MODEL_OUTPUTS[model])
    unknown = [output.name for output in request.outputs if output.name not in MODEL_OUTPUTS[model]]
    if unknown:
        raise RowsError(f"{model} has no output {', '.join(unknown)}; it has {', '.join(MODEL_OUTPUTS[model])}")
    return [output.name for output in request.outputs]


def _horizon(request: InferBody) -> int | None:
    horizon = request.parameters.get("horizon_days")
    if horizon is None:
        return None
    if isinstance(horizon, bool) or not isinstance(horizon, int | float) or not 1 <= horizon <= _MOST_HORIZON_DAYS:
        raise RowsError(f"horizon_days is {horizon!r}, expected whole days from 1 to {_MOST_HORIZON_DAYS}")
    return int(horizon)
