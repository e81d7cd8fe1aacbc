"""What every endpoint of one application shares."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from scoring.compute import ComputePool
from scoring.errors import NoModelsLoadedError, UnknownModelError
from scoring.experiment import Experiment, Variant
from scoring.http.shadow import Shadow
from scoring.http.v1 import Choice
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet, ModelRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The models that answer, the threads that run them, and the figures kept of it."""

    models: ModelRegistry
    challenger: ModelRegistry | None
    experiment: Experiment | None
    pool: ComputePool
    metrics: ScoringMetrics
    shadow: Shadow | None

    def choice(self, *, model_set: str | None, variant: str | None) -> Choice:
        """What a request that may name a model set or a variant is answered from; naming one ends the experiment.

        Raises UnknownModelError.
        """
        champion, challenger = self.models.current(), self._challenger()
        if model_set is None and variant is None:
            return Choice(loaded=champion, experiment=self.experiment, challenger=challenger)
        named = {Variant.CHAMPION: champion, Variant.CHALLENGER: challenger}
        for one, loaded in named.items():
            if loaded is not None and variant in (None, one) and model_set in (None, loaded.models.spec.id):
                return Choice(loaded=loaded)
        raise UnknownModelError(
            f"no model set is loaded as {variant or 'champion or challenger'} named {model_set or 'anything'!r}; "
            f"the champion is {champion.models.spec.id!r}"
        )

    def _challenger(self) -> LoadedModelSet | None:
        if self.challenger is None:
            return None
        try:
            return self.challenger.current()
        except NoModelsLoadedError:
            return None


def state_of(request: Request) -> ServiceState:
    """The state of the application that got this request."""
    return cast(ServiceState, request.app.state.service)
