"""What every endpoint of one application shares."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from scoring.compute import ComputePool
from scoring.metrics import ScoringMetrics
from scoring.model_registry import ModelRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The models that answer, the threads that run them, and the figures kept of it."""

    models: ModelRegistry
    pool: ComputePool
    metrics: ScoringMetrics


def state_of(request: Request) -> ServiceState:
    """The state of the application that got this request."""
    return cast(ServiceState, request.app.state.service)
