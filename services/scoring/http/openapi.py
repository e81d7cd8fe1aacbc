"""The OpenAPI document of the service, made from the types that read its requests and the contract of its answers."""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from customer.contracts.score import ScoreResponse
from scoring.experiment import Variant
from scoring.http.inference import InferBody
from scoring.http.v1 import ScoreBody
from scoring.outputs import MODEL_OUTPUTS

_JSON = "application/json"
_ANYTHING = {"type": "object"}
_REFERENCE = "#/components/schemas/{name}"


async def document(request: Request) -> Response:
    return JSONResponse(openapi())


@cache
def openapi() -> dict[str, Any]:
    """The document, version 3.1."""
    (score, answer, infer), components = msgspec.json.schema_components(
        [ScoreBody, ScoreResponse, InferBody], ref_template=_REFERENCE
    )
    components["Error"] = {
        "type": "object",
        "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
        "required": ["error"],
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parcours scoring",
            "version": version("parcours"),
            "description": "Feature vectors in, predictions out. Open Inference Protocol v2, MLflow, and /v1/score.",
        },
        "paths": {
            "/v1/score": {
                "post": {
                    **_post("All models' predictions with their drivers", score, answer, "404"),
                    "parameters": [_pinned(), _variant()],
                }
            },
            "/v1/models/refresh": {"post": _operation("Look for a new model version now", {"202": _answer(_ANYTHING)})},
            **_inference_paths(infer),
            **_mlflow_paths(),
            "/metrics": {"get": _text("Figures for Prometheus")},
            "/openapi.json": {"get": _get("This document", _ANYTHING)},
        },
        "components": {"schemas": components},
    }


def _inference_paths(infer: dict[str, Any]) -> dict[str, Any]:
    """Open Inference Protocol v2; a model may be asked for with or without its version."""
    paths: dict[str, Any] = {
        "/v2": {"get": _get("What this server is", _ANYTHING)},
        "/v2/health/live": {"get": _get("Whether the process is alive", _ANYTHING)},
        "/v2/health/ready": {"get": _get("Whether models are loaded", _ANYTHING, "503")},
    }
    model = _path_parameter("model", {"type": "string", "enum": list(MODEL_OUTPUTS)})
    for base, parameters in (
        ("/v2/models/{model}", [model]),
        ("/v2/models/{model}/versions/{version}", [model, _path_parameter("version", {"type": "string"})]),
    ):
        of_model = {
            "": {"get": _get("What a model reads and answers", _ANYTHING, "404", "503")},
            "/ready": {"get": _get("Whether it is loaded", _ANYTHING, "404", "503")},
            "/infer": {"post": _post("Predictions of one model", infer, _ANYTHING, "404")},
        }
        paths |= {f"{base}{end}": {**operation, "parameters": parameters} for end, operation in of_model.items()}
    return paths


def _mlflow_paths() -> dict[str, Any]:
    frame = {"type": "object", "description": "dataframe_split, dataframe_records, instances or inputs, and params"}
    return {
        "/invocations": {"post": _post("Predictions in MLflow's protocol", frame, _ANYTHING, "415")},
        "/ping": {"get": _text("Whether models are loaded, for MLflow's clients", "503")},
        "/health": {"get": _text("The same as /ping", "503")},
        "/version": {"get": _text("The version of this software")},
    }


def _operation(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": responses}


def _get(summary: str, schema: dict[str, Any], *refusals: str) -> dict[str, Any]:
    return _operation(summary, {"200": _answer(schema), **_refusals(*refusals)})


def _post(summary: str, body: dict[str, Any], schema: dict[str, Any], *refusals: str) -> dict[str, Any]:
    responses = {"200": _answer(schema), **_refusals("400", "409", "413", "503", *refusals)}
    return {
        **_operation(summary, responses),
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
    }


def _text(summary: str, *refusals: str) -> dict[str, Any]:
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    return _operation(summary, {status: {"description": summary, **text} for status in ("200", *refusals)})


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The answer", "content": {_JSON: {"schema": schema}}}


def _refusals(*statuses: str) -> dict[str, Any]:
    error = {"$ref": _REFERENCE.format(name="Error")}
    return {status: {"description": "Refused, and why", "content": {_JSON: {"schema": error}}} for status in statuses}


def _path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _pinned() -> dict[str, Any]:
    """Champion unless named; a set that is not loaded is a 404."""
    return {"name": "model_set", "in": "query", "required": False, "schema": {"type": "string"}}


def _variant() -> dict[str, Any]:
    """Naming a variant takes the request out of a running experiment."""
    return {"name": "variant", "in": "query", "required": False, "schema": {"type": "string", "enum": list(Variant)}}
