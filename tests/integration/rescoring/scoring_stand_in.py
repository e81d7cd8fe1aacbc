"""A small HTTP server that speaks the score contract and can misbehave on demand: what the profile side must survive.

It answers in the types of the contract, as the scoring service does; `tests/faults` has the real service and models.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from customer.contracts.score import (
    ChurnAnswer,
    ModelRef,
    NextPurchaseAnswer,
    Prediction,
    ScoreRequest,
    ScoreResponse,
    ValueAnswer,
)
from tests.http_server import running

_MODEL = ModelRef(name="churn", version="1", basis="MODEL")


@dataclass(slots=True)
class StandIn:
    """How the server behaves from now on, and what it was asked."""

    url: str = ""
    status: int = 200
    error: str = "asked to fail"
    body: bytes | None = None
    pause_s: float = 0.0
    refused_ids: set[str] = field(default_factory=set)
    failures_left: int = 0
    asked: list[ScoreRequest] = field(default_factory=list)
    challenger: str | None = None
    asked_of_challenger: list[ScoreRequest] = field(default_factory=list)
    was_asked: threading.Event = field(default_factory=threading.Event)

    def first_question(self) -> None:
        """Returns once somebody has asked; to be called in a thread."""
        if not self.was_asked.wait(timeout=60):
            raise TimeoutError("nobody asked within a minute")

    async def answer(self, request: Request) -> Response:
        question = msgspec.json.decode(await request.body(), type=ScoreRequest)
        if request.query_params.get("variant") == "CHALLENGER":
            return self._as_challenger(question)
        self.asked.append(question)
        self.was_asked.set()
        await asyncio.sleep(self.pause_s)
        if self.failures_left:
            self.failures_left -= 1
            return JSONResponse({"error": self.error}, status_code=503)
        if self.status != 200 or self.refused_ids & set(question.ids or []):
            return JSONResponse({"error": self.error}, status_code=self.status if self.status != 200 else 422)
        return Response(self.body if self.body is not None else msgspec.json.encode(answer_to(question)))

    def _as_challenger(self, question: ScoreRequest) -> Response:
        self.asked_of_challenger.append(question)
        if self.challenger is None:
            return JSONResponse({"error": "no challenger"}, status_code=404)
        return Response(msgspec.json.encode(replace(answer_to(question), model_set=self.challenger)))


def answer_to(question: ScoreRequest) -> ScoreResponse:
    """A plausible answer that depends on the row, so that mixed-up rows show."""
    return ScoreResponse(
        feature_set=question.feature_set,
        model_set="set-1",
        as_of=question.as_of,
        predictions=[prediction_of(customer_id) for customer_id in question.ids or []],
    )


def prediction_of(customer_id: str) -> Prediction:
    """Told by the id alone."""
    number = int(customer_id)
    return Prediction(
        id=customer_id,
        churn=ChurnAnswer(
            probability=(number % 100) / 100, band="LOW", horizon_days=90, definition="NO_PURCHASE", model=_MODEL
        ),
        next_purchase=NextPurchaseAnswer(
            p10_days=1.0, p50_days=10.0, p90_days=40.0, days=[30.0], probability=[0.8], model=_MODEL
        ),
        value=ValueAnswer(expected_minor=100.4 * number, low_minor=0, high_minor=1e6, horizon_days=365, model=_MODEL),
    )


@contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """The server on a port of its own, stopped at the end."""
    stand_in = StandIn()
    app = Starlette(routes=[Route("/v1/score", stand_in.answer, methods=["POST"])])
    with running(app, lifespan=False) as url:
        stand_in.url = url
        yield stand_in
