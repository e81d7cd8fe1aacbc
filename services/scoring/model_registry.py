"""What is loaded: the model set that answers now, and how the next one takes its place without a dropped request."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scoring.engine import ModelSet
from scoring.errors import ModelRepositoryError, ModelSetRefusedError, NoModelsLoadedError
from scoring.metrics import ScoringMetrics
from scoring.model_repository import ModelRepository, ModelSetVersion
from scoring.vectors import VectorReader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModelSet:
    """One model set in memory. A request takes it once and answers from it alone, however long it runs."""

    version: ModelSetVersion
    models: ModelSet
    reader: VectorReader

    def model_version(self, name: str) -> str:
        """The version of one model as the registry counts, or the set's own name where there is no registry."""
        return self.version.registry_versions.get(name, self.models.spec.id)


class ModelRegistry:
    """Holds the model set behind one alias and follows the alias.

    The next set is loaded, verified and warmed beside the current one; the swap is one assignment, and the old
    set is freed when the last request that took it ends. A set that cannot be verified is refused once, remembered
    as refused, and the current one stays.
    """

    def __init__(
        self,
        repository: ModelRepository,
        *,
        alias: str,
        load: Callable[[Path, ModelSetVersion], LoadedModelSet],
        metrics: ScoringMetrics,
    ) -> None:
        self._repository = repository
        self._alias = alias
        self._load = load
        self._metrics = metrics
        self._current: LoadedModelSet | None = None
        self._refused: str | None = None
        self._why: str | None = None
        self._asked = asyncio.Event()

    def current(self) -> LoadedModelSet:
        """The model set to answer from; raises NoModelsLoadedError before the first one is loaded."""
        if self._current is None:
            raise NoModelsLoadedError(why=self._why)
        return self._current

    @property
    def problem(self) -> str | None:
        """Why the newest version is not the one that serves; None when it is."""
        return self._why

    def refresh(self) -> bool:
        """Looks where the alias points and takes that version over; blocks. Tells whether the models changed."""
        try:
            version = self._repository.find(self._alias)
            if self._is_settled(version):
                return False
            self._current = self._take_over(version)
        except (ModelRepositoryError, ModelSetRefusedError) as problem:
            self._note(problem)
            return False
        self._why = None
        self._metrics.model_set_served(version.key)
        log.info("serving model set %s", version.key)
        return True

    def request_refresh(self) -> None:
        """Makes `follow` look at once, as a registry's webhook wants it."""
        self._asked.set()

    async def follow(self, *, poll_s: float) -> None:
        """Refreshes forever, every `poll_s` seconds or when asked."""
        while True:
            self._asked.clear()
            await asyncio.to_thread(self.refresh)
            try:
                async with asyncio.timeout(poll_s):
                    await self._asked.wait()
            except TimeoutError:
                continue

    def _is_settled(self, version: ModelSetVersion) -> bool:
        if self._current is not None and self._current.version == version:
            self._why = None
            return True
        return self._refused == version.key

    def _take_over(self, version: ModelSetVersion) -> LoadedModelSet:
        folder = self._repository.fetch(version)
        try:
            return self._load(folder, version)
        except ModelSetRefusedError:
            self._refused = version.key
            self._metrics.model_sets_refused.inc()
            raise

    def _note(self, problem: ModelRepositoryError | ModelSetRefusedError) -> None:
        if str(problem) != self._why:
            log.warning("model set not taken over: %s", problem)
        if isinstance(problem, ModelRepositoryError):
            self._metrics.repository_errors.inc()
        self._why = str(problem)
