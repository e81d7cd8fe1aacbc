"""What is counted and timed at the edge, as Prometheus metrics; never with a label a client may choose."""

import os
from bisect import bisect_left
from collections.abc import Sequence
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


class _Durations(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, by_bucket: Sequence[int], seconds: float) -> None:
        """Adds so many observations for each bucket, and their sum."""
        self._sum.inc(seconds)
        for bucket, count in zip(self._buckets, by_bucket, strict=True):
            bucket.inc(count)


REQUESTS: Final = Counter("parcours_http_requests", "Requests by route and status", ["route", "status"])
REQUEST_SECONDS: Final = _Durations(
    "parcours_http_request_seconds", "Seconds from the request's headers to the last byte", ["route"], buckets=_SECONDS
)
ANSWERS: Final = Counter("parcours_graphql_answers", "GraphQL answers by operation and kind", ["operation", "kind"])
STAGE_SECONDS: Final = Counter("parcours_graphql_stage_seconds", "Seconds spent in each stage of answering", ["stage"])
BATCHED: Final = Counter("parcours_graphql_batched_operations", "Operations that shared their statement with others")
REFUSALS: Final = Counter("parcours_refusals", "Requests turned away, by code", ["code"])
LISTENERS: Final = Gauge("parcours_subscriptions", "Subscriptions now open", ["transport"], multiprocess_mode="livesum")
for _transport in ("websocket", "sse"):
    LISTENERS.labels(_transport)  # a gauge that is zero is shown as zero, not left out


class _Requests:
    """The requests of one route and status since the last flush."""

    __slots__ = ("by_duration", "seconds")

    def __init__(self) -> None:
        self.by_duration = [0] * (len(_SECONDS) + 1)
        self.seconds = 0.0


class _Answers:
    """The answers of one operation and kind since the last flush."""

    __slots__ = ("batched", "count", "database_s", "finish_s", "plan_s", "queue_s")

    def __init__(self) -> None:
        self.count = self.batched = 0
        self.plan_s = self.queue_s = self.database_s = self.finish_s = 0.0


# Prometheus' counters take a lock, or write to a file, each time: ten microseconds for each request. So requests are
# added up here and given to them by `flush`.
_requests: dict[tuple[str, int], _Requests] = {}
_answers: dict[tuple[OperationKind | None, AnswerKind], _Answers] = {}


def count_request(route: str, status: int, seconds: float) -> None:
    """Adds one request and what it took."""
    sum_of = _requests.get((route, status))
    if sum_of is None:
        sum_of = _requests[route, status] = _Requests()
    sum_of.by_duration[bisect_left(_SECONDS, seconds)] += 1
    sum_of.seconds += seconds


def count_answer(answer: Answer) -> None:
    """Adds one answer and the seconds of its stages."""
    sum_of = _answers.get((answer.operation, answer.kind))
    if sum_of is None:
        sum_of = _answers[answer.operation, answer.kind] = _Answers()
    timings = answer.timings
    sum_of.count += 1
    sum_of.plan_s += timings.plan_s
    sum_of.queue_s += timings.queue_s
    sum_of.database_s += timings.database_s
    sum_of.finish_s += timings.finish_s
    if timings.batch_size > 1:
        sum_of.batched += 1


def flush() -> None:
    """Gives what was added up to the counters that `/metrics` shows."""
    for (route, status), requests in _requests.items():
        REQUESTS.labels(route, str(status)).inc(sum(requests.by_duration))
        REQUEST_SECONDS.labels(route).add(requests.by_duration, requests.seconds)
    for (operation, kind), answers in _answers.items():
        ANSWERS.labels(operation.value if operation else "none", kind.value).inc(answers.count)
        STAGE_SECONDS.labels("plan").inc(answers.plan_s)
        STAGE_SECONDS.labels("queue").inc(answers.queue_s)
        STAGE_SECONDS.labels("database").inc(answers.database_s)
        STAGE_SECONDS.labels("finish").inc(answers.finish_s)
        BATCHED.inc(answers.batched)
    _requests.clear()
    _answers.clear()


async def metrics(request: Request) -> Response:
    """Everything counted so far, of all worker processes when there are several."""
    flush()
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
