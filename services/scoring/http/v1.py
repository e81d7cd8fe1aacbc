"""`POST /v1/score`: the product's own protocol, every model's answer with drivers in one request."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from customer.contracts.score import FeatureValue, ScoreResponse
from scoring.errors import ForeignFeatureSetError, RowsError, UnreadableBodyError
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet


class ScoreBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`customer.contracts.score.ScoreRequest` with the bounds that only the receiving side checks."""

    feature_set: Annotated[str, Meta(max_length=200)]
    as_of: Annotated[datetime, Meta(tz=True)]
    columns: Annotated[list[str], Meta(max_length=2000)]
    rows: list[list[FeatureValue]]
    ids: list[str] | None = None
    horizon_days: Annotated[int, Meta(ge=1, le=1095)] | None = None
    drivers: Annotated[int, Meta(ge=0, le=50)] = 0


_decoder = msgspec.json.Decoder(ScoreBody)
_encoder = msgspec.json.Encoder()


def read_score_body(body: bytes) -> ScoreBody:
    """The request in a body; raises UnreadableBodyError naming the place that is wrong."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBodyError(f"the body is not a score request: {error}") from error


def answer_score(body: bytes, *, loaded: LoadedModelSet, metrics: ScoringMetrics) -> bytes:
    """The response body; every prediction in it comes from `loaded`. Runs models: to be kept off the event loop."""
    request = read_score_body(body)
    models = loaded.models
    if request.feature_set != models.feature_set:
        raise ForeignFeatureSetError(found=request.feature_set, expected=models.feature_set)
    if request.ids is not None and len(request.ids) != len(request.rows):
        raise RowsError(f"{len(request.ids)} ids for {len(request.rows)} rows, expected one each or none at all")
    matrix = loaded.reader.read(request.columns, request.rows)
    predictions = models.predict(
        matrix,
        as_of=request.as_of,
        horizon_days=request.horizon_days,
        drivers=request.drivers,
        ids=request.ids,
        versions=loaded.version.registry_versions,
    )
    metrics.scored(matrix)
    return _encoder.encode(
        ScoreResponse(
            feature_set=models.feature_set,
            model_set=models.spec.id,
            as_of=request.as_of,
            predictions=predictions,
        )
    )
