"""What every endpoint of one application shares."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from scoring.compute import ComputePool
from scoring.errors import UnknownModelError
from scoring.http.shadow import Shadow
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet, ModelRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The models that answer, the threads that run them, and the figures kept of it."""

    models: ModelRegistry
    pool: ComputePool
    metrics: ScoringMetrics
    shadow: Shadow | None

    def chosen(self, model_set: str | None) -> LoadedModelSet:
        """The champion, or the loaded set of that name. Raises UnknownModelError."""
        champion = self.models.current()
        if model_set is None or model_set == champion.models.spec.id:
            return champion
        if self.shadow is not None:
            challenger = self.shadow.challenger.current()
            if model_set == challenger.models.spec.id:
                return challenger
        raise UnknownModelError(f"model set {model_set!r} is not loaded; the champion is {champion.models.spec.id!r}")


def state_of(request: Request) -> ServiceState:
    """The state of the application that got this request."""
    return cast(ServiceState, request.app.state.service)
