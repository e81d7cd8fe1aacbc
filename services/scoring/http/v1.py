"""`POST /v1/score`: the product's own protocol, every model's answer with drivers in one request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from customer.contracts.score import FeatureValue, Prediction, ScoreResponse
from scoring.errors import ForeignFeatureSetError, RowsError, UnreadableBodyError
from scoring.experiment import Experiment, Variant
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet
from scoring.vectors import Matrix


class ScoreBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`customer.contracts.score.ScoreRequest` with the bounds that only the receiving side checks."""

    feature_set: Annotated[str, Meta(max_length=200)]
    as_of: Annotated[datetime, Meta(tz=True)]
    columns: Annotated[list[str], Meta(max_length=2000)]
    rows: list[list[FeatureValue]]
    ids: list[str] | None = None
    horizon_days: Annotated[int, Meta(ge=1, le=1095)] | None = None
    drivers: Annotated[int, Meta(ge=0, le=50)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which models answer a request: `loaded`, or, customer by customer, the `challenger` of an experiment."""

    loaded: LoadedModelSet
    experiment: Experiment | None = None
    challenger: LoadedModelSet | None = None


_decoder = msgspec.json.Decoder(ScoreBody)
_encoder = msgspec.json.Encoder()


def read_score_body(body: bytes) -> ScoreBody:
    """The request in a body; raises UnreadableBodyError naming the place that is wrong."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBodyError(f"the body is not a score request: {error}") from error


def answer_score(body: bytes, *, choice: Choice, metrics: ScoringMetrics) -> bytes:
    """The response body; each prediction comes whole from one model set. Runs models: to be kept off the event loop."""
    request, loaded = read_score_body(body), choice.loaded
    if request.feature_set != loaded.models.feature_set:
        raise ForeignFeatureSetError(found=request.feature_set, expected=loaded.models.feature_set)
    if request.ids is not None and len(request.ids) != len(request.rows):
        raise RowsError(f"{len(request.ids)} ids for {len(request.rows)} rows, expected one each or none at all")
    matrix = loaded.reader.read(request.columns, request.rows)
    if choice.experiment is None or choice.challenger is None or request.ids is None:
        predictions = _predict(loaded, request, matrix, request.ids)
    else:
        variants = choice.experiment.variants(request.ids)
        predictions = _predict_by_variant(loaded, choice.challenger, request, matrix, request.ids, variants)
        metrics.assigned(variants)
    metrics.scored(matrix)
    return _encoder.encode(
        ScoreResponse(
            feature_set=loaded.models.feature_set,
            model_set=loaded.models.spec.id,
            as_of=request.as_of,
            predictions=predictions,
        )
    )


def _predict(loaded: LoadedModelSet, request: ScoreBody, matrix: Matrix, ids: Sequence[str] | None) -> list[Prediction]:
    return loaded.models.predict(
        matrix,
        as_of=request.as_of,
        horizon_days=request.horizon_days,
        drivers=request.drivers,
        ids=ids,
        versions=loaded.version.registry_versions,
    )


def _predict_by_variant(
    champion: LoadedModelSet, challenger: LoadedModelSet, request: ScoreBody, matrix: Matrix, ids: Sequence[str],
    variants: Sequence[Variant],
) -> list[Prediction]:  # fmt: skip
    """Each customer's prediction by the variant they belong to, in the order of the rows, saying which it is."""
    found: dict[int, Prediction] = {}
    for variant, loaded in ((Variant.CHAMPION, champion), (Variant.CHALLENGER, challenger)):
        rows = [number for number, one in enumerate(variants) if one is variant]
        if rows:
            predictions = _predict(loaded, request, matrix[rows], [ids[row] for row in rows])
            for row, prediction in zip(rows, predictions, strict=True):
                found[row] = replace(prediction, variant=variant, model_set=loaded.models.spec.id)
    return [found[row] for row in range(len(ids))]
