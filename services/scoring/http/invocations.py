"""The protocol of MLflow's scoring server: `/invocations` with data frames as JSON or CSV, `/ping`, `/version`."""

import csv
from functools import partial
from importlib.metadata import version
from io import StringIO
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from customer.contracts.score import FeatureValue
from customer.features.definitions import FEATURES
from customer.features.feature import FeatureType
from scoring.errors import NoModelsLoadedError, RowsError, UnreadableBodyError, UnsupportedMediaTypeError
from scoring.http.json_bodies import read_json
from scoring.http.state import state_of
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet
from scoring.outputs import MODEL_OUTPUTS, as_json_numbers, output_columns

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_TYPE_OF = {feature.name: feature.dtype for feature in FEATURES}
_encoder = msgspec.json.Encoder()

Frame = tuple[list[str], list[list[FeatureValue]]]
Value = float | bool | str | None


async def ping(request: Request) -> Response:
    """200 once models are loaded, as MLflow's clients wait for it."""
    try:
        state_of(request).models.current()
    except NoModelsLoadedError as error:
        return PlainTextResponse(f"{error}\n", status_code=503)
    return PlainTextResponse("\n")


async def server_version(request: Request) -> Response:
    return PlainTextResponse(version("parcours"))


async def invocations(request: Request) -> Response:
    """All models' outputs, one record per row, or those of the model that `params.model` names."""
    state = state_of(request)
    media, _, charset = request.headers.get("content-type", "application/json").partition(";")
    if "charset=" in charset and charset.split("charset=")[1].strip(" \"'").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaTypeError(f"the charset of {charset.strip()} is not supported, only UTF-8 is")
    work = partial(
        answer_invocations,
        await request.body(),
        media=media.strip().lower(),
        loaded=state.models.current(),
        metrics=state.metrics,
    )
    return Response(await state.pool.run(work), media_type="application/json")


def answer_invocations(body: bytes, *, media: str, loaded: LoadedModelSet, metrics: ScoringMetrics) -> bytes:
    """The response body for a request body."""
    params: dict[str, Any] = {}
    if media == "text/csv":
        columns, rows = _frame_of_csv(body)
    elif media == "application/json":
        (columns, rows), params = _frame_of_json(body, loaded.reader.names)
    else:
        raise UnsupportedMediaTypeError(f"found content type {media!r}, expected application/json or text/csv")
    model, horizon = _params(params)
    matrix = loaded.reader.read(columns, rows)
    scores = loaded.models.scores(matrix, horizon_days=horizon)
    metrics.scored(matrix)
    found: dict[str, list[float | None]] = {}
    for name in [model] if model else MODEL_OUTPUTS:
        for output, column in output_columns(name, scores).items():
            found[output if model else f"{name}_{output}"] = as_json_numbers(column)
    records = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    return _encoder.encode({"predictions": records})


def _params(params: dict[str, Any]) -> tuple[str | None, int | None]:
    model, horizon = params.get("model"), params.get("horizon_days")
    if model is not None and model not in MODEL_OUTPUTS:
        raise RowsError(f"params.model is {model!r}, expected one of {', '.join(MODEL_OUTPUTS)}")
    if horizon is not None and (type(horizon) is not int or not 1 <= horizon <= 1095):
        raise RowsError(f"params.horizon_days is {horizon!r}, expected whole days from 1 to 1095")
    return model, horizon


def _frame_of_json(body: bytes, names: list[str]) -> tuple[Frame, dict[str, Any]]:
    request = _object(body)
    given = [form for form in _FORMS if form in request]
    if len(given) != 1 or request.keys() - {*_FORMS, "params"}:
        raise UnreadableBodyError(
            f"found {', '.join(sorted(request)) or 'nothing'}, expected exactly one of {', '.join(_FORMS)}, "
            "and optionally params"
        )
    data, params = request[given[0]], request.get("params") or {}
    if not isinstance(params, dict):
        raise UnreadableBodyError("params is not an object")
    match given[0]:
        case "dataframe_split":
            return _frame_of_split(data), params
        case "dataframe_records":
            return _frame_of_records(_converted(data, list[dict[str, Value]])), params
        case _ if isinstance(data, dict):
            return _frame_of_columns(_converted(data, dict[str, list[Any]])), params
        case _ if isinstance(data, list) and data and isinstance(data[0], dict):
            return _frame_of_records(_converted(data, list[dict[str, Value]])), params
        case _:
            return (names, _rows(data)), params


def _frame_of_split(data: Any) -> Frame:
    split = _converted(data, dict[str, Any])
    if not {"columns", "data"} <= split.keys() <= {"columns", "data", "index"}:
        raise UnreadableBodyError("dataframe_split needs columns and data, and may have an index")
    return _converted(split["columns"], list[str]), _rows(split["data"])


def _frame_of_records(records: list[dict[str, Value]]) -> Frame:
    columns = list(records[0]) if records else [feature.name for feature in FEATURES]
    for number, record in enumerate(records):
        if record.keys() != set(columns):
            raise RowsError(
                f"record {number} has other fields than the first: {sorted(record.keys() ^ set(columns))[:5]}"
            )
    return columns, [[record[column] for column in columns] for record in records]


def _frame_of_columns(columns: dict[str, list[Any]]) -> Frame:
    if len({len(values) for values in columns.values()}) > 1:
        raise RowsError("the columns have different lengths")
    flat = [[value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]
            for values in columns.values()]  # fmt: skip
    return list(columns), _rows([list(row) for row in zip(*flat, strict=True)])


def _frame_of_csv(body: bytes) -> Frame:
    try:
        columns, *lines = csv.reader(StringIO(body.decode("utf-8-sig")), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UnreadableBodyError(f"the body is no CSV with a header line ({error})") from error
    for number, line in enumerate(lines):
        if len(line) != len(columns):
            raise RowsError(f"row {number} has {len(line)} values, expected one for each of {len(columns)} columns")
    return columns, [
        [_cell(name, text, number) for name, text in zip(columns, line, strict=True)]
        for number, line in enumerate(lines)
    ]


def _cell(name: str, text: str, number: int) -> FeatureValue:
    if text == "" or text.lower() in ("nan", "null"):
        return None
    match _TYPE_OF.get(name):
        case FeatureType.CATEGORY:
            return text
        case FeatureType.BOOLEAN if text.lower() in ("true", "false"):
            return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        raise RowsError(f"row {number} has {text[:40]!r} for {name}, expected a number") from None


def _rows(data: Any) -> list[list[FeatureValue]]:
    rows: list[list[FeatureValue]] = _converted(data, list[list[Value]])
    return rows


def _object(body: bytes) -> dict[str, Any]:
    decoded = read_json(body, what="a JSON object")
    if not isinstance(decoded, dict):
        raise UnreadableBodyError(f"the body is not a JSON object but a {type(decoded).__name__}")
    return decoded


def _converted(data: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise UnreadableBodyError(f"the data frame cannot be read: {error}") from error
