"""What is counted and timed at the edge, as Prometheus metrics; never with a label a client may choose."""

import os
from functools import cache
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

from profile_api.graph.request import Answer, AnswerKind, OperationKind

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS: Final = Counter("parcours_http_requests", "Requests by route and status", ["route", "status"])
REQUEST_SECONDS: Final = Histogram(
    "parcours_http_request_seconds", "Seconds from the request's headers to the last byte", ["route"], buckets=_SECONDS
)
ANSWERS: Final = Counter("parcours_graphql_answers", "GraphQL answers by operation and kind", ["operation", "kind"])
STAGE_SECONDS: Final = Counter("parcours_graphql_stage_seconds", "Seconds spent in each stage of answering", ["stage"])
BATCHED: Final = Counter("parcours_graphql_batched_operations", "Operations that shared their statement with others")
REFUSALS: Final = Counter("parcours_refusals", "Requests turned away, by code", ["code"])
LISTENERS: Final = Gauge("parcours_subscriptions", "Subscriptions now open", ["transport"], multiprocess_mode="livesum")
for _transport in ("websocket", "sse"):
    LISTENERS.labels(_transport)  # a gauge that is zero is shown as zero, not left out


_PLAN, _QUEUE, _DATABASE, _FINISH = (STAGE_SECONDS.labels(stage) for stage in ("plan", "queue", "database", "finish"))


@cache  # looking a child up costs more than counting with it
def _answers(operation: OperationKind | None, kind: AnswerKind) -> Counter:
    return ANSWERS.labels(operation.value if operation else "none", kind.value)


@cache
def of_request(route: str, status: int) -> tuple[Counter, Histogram]:
    """What counts and what times the requests of a route that end with a status."""
    return REQUESTS.labels(route, str(status)), REQUEST_SECONDS.labels(route)


def count_answer(answer: Answer) -> None:
    """Adds one answer and the seconds of its stages."""
    _answers(answer.operation, answer.kind).inc()
    timings = answer.timings
    if timings.plan_s:
        _PLAN.inc(timings.plan_s)
    _QUEUE.inc(timings.queue_s)
    _DATABASE.inc(timings.database_s)
    _FINISH.inc(timings.finish_s)
    if timings.batch_size > 1:
        BATCHED.inc()


async def metrics(request: Request) -> Response:
    """Everything counted so far, of all worker processes when there are several."""
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
