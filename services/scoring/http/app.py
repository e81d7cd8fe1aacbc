"""The scoring application: its routes, what runs beside them, and how errors become answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scoring.compute import ComputePool
from scoring.errors import ScoringError
from scoring.http import health, inference, invocations, openapi
from scoring.http.score_edge import PATH, ScoreEdge, error_answer, not_reached
from scoring.http.shadow import Shadow
from scoring.http.state import ServiceState, state_of
from scoring.loading import load_verified
from scoring.metrics import ScoringMetrics
from scoring.model_registry import ModelRegistry
from scoring.model_repository import ModelRepository, model_repository
from scoring.settings import ScoringSettings

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


class ScoringApplication(Starlette):
    """Starlette, but for the one path that is asked most."""

    score_edge: ScoreEdge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await self.score_edge(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: ScoringSettings, *, repository: ModelRepository | None = None) -> Starlette:
    """The application for these settings; `repository` overrides the one they name."""
    metrics, pool = ScoringMetrics(), ComputePool(threads=settings.threads, waiting=settings.waiting)
    registry = partial(
        ModelRegistry,
        repository or model_repository(settings),
        load=partial(load_verified, max_rows=settings.max_rows),
        metrics=metrics,
    )
    challenger = registry(alias=settings.challenger_alias) if settings.needs_challenger else None
    shadow = None
    if challenger is not None and settings.shadow_share:
        shadow = Shadow(challenger, share=settings.shadow_share, pool=pool, metrics=metrics)
    app = ScoringApplication(
        routes=[
            Route(PATH, not_reached, methods=["POST"]),
            Route("/v1/models/refresh", refresh, methods=["POST"]),
            Route("/v2", inference.server_metadata),
            Route("/v2/health/live", health.live),
            Route("/v2/health/ready", health.ready),
            *_model_routes("/v2/models/{model}"),
            *_model_routes("/v2/models/{model}/versions/{version}"),
            Route("/invocations", measured("invocations", invocations.invocations), methods=["POST"]),
            Route("/ping", invocations.ping),
            Route("/health", invocations.ping),
            Route("/version", invocations.server_version),
            Route("/metrics", health.metrics),
            Route("/openapi.json", openapi.document),
        ],
        exception_handlers={ScoringError: _scoring_error, HTTPException: _http_error, Exception: _unforeseen},
        lifespan=partial(_lifespan, settings=settings),
        max_body_size=settings.max_body_bytes,
    )
    state = ServiceState(
        models=registry(alias=settings.alias), challenger=challenger, experiment=settings.running_experiment,
        pool=pool, metrics=metrics, shadow=shadow,
    )  # fmt: skip
    app.state.service = state
    app.score_edge = ScoreEdge(state, max_body_bytes=settings.max_body_bytes)
    return app


def service_of(app: Starlette) -> ServiceState:
    """What the endpoints of this application share."""
    return cast(ServiceState, app.state.service)


async def refresh(request: Request) -> Response:
    """For a registry's webhook: look for a new version now instead of at the next poll. Says nothing of the outcome."""
    state_of(request).models.request_refresh()
    return JSONResponse({"refresh": "requested"}, status_code=202)


def _model_routes(path: str) -> list[Route]:
    return [
        Route(path, inference.model_metadata),
        Route(f"{path}/ready", inference.model_ready),
        Route(f"{path}/infer", measured("infer", inference.infer), methods=["POST"]),
    ]


def measured(name: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint with its requests counted by status and timed, refusals included."""

    async def measured_endpoint(request: Request) -> Response:
        metrics = state_of(request).metrics
        clock = asyncio.get_running_loop().time
        began, status = clock(), 500
        try:
            response = await endpoint(request)
            status = response.status_code
            return response
        except ScoringError as error:
            status = error.status
            raise
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            metrics.answered(name, status, clock() - began)

    return measured_endpoint


@asynccontextmanager
async def _lifespan(app: Starlette, *, settings: ScoringSettings) -> AsyncIterator[None]:
    state = service_of(app)
    registries = [state.models] if state.challenger is None else [state.models, state.challenger]
    followers = [asyncio.create_task(registry.follow(poll_s=settings.poll_s)) for registry in registries]
    try:
        yield
    finally:
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        state.pool.close()


async def _scoring_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScoringError)  # noqa: S101 - what Starlette dispatched on
    return error_answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what Starlette dispatched on
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "an unforeseen error; it was logged"}, status_code=500)
