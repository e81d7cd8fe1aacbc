"""The challenger in shadow: it scores some of the champion's requests again, and only figures come of it."""

import asyncio
import logging
import random
from functools import partial

import numpy as np

from scoring.compute import ComputePool
from scoring.errors import ScoringError
from scoring.http.v1 import read_score_body
from scoring.metrics import ScoringMetrics
from scoring.model_registry import LoadedModelSet, ModelRegistry

log = logging.getLogger(__name__)


class Shadow:
    """Compares champion and challenger on a share of the requests, when a thread is idle; one at a time."""

    def __init__(self, challenger: ModelRegistry, *, share: float, pool: ComputePool, metrics: ScoringMetrics) -> None:
        self.challenger = challenger
        self._share = share
        self._pool = pool
        self._metrics = metrics
        self._chance = random.Random()  # noqa: S311 - samples requests, guards nothing
        self._running: asyncio.Task[None] | None = None

    def consider(self, body: bytes, champion: LoadedModelSet) -> None:
        """Perhaps scores the request a second time, after its answer; returns at once and never raises."""
        busy = self._running is not None and not self._running.done()
        if not busy and self._pool.is_idle and self._chance.random() < self._share:
            self._running = asyncio.create_task(self._compare(body, champion))

    async def _compare(self, body: bytes, champion: LoadedModelSet) -> None:
        try:
            challenger = self.challenger.current()
            differences = await self._pool.run(partial(_differences, body, champion, challenger))
        except ScoringError as error:
            log.debug("not compared: %s", error)
            return
        self._metrics.shadowed(challenger.models.spec.id, differences)


def _differences(body: bytes, champion: LoadedModelSet, challenger: LoadedModelSet) -> list[float]:
    """Challenger's churn probability less the champion's, of every row both can answer."""
    request = read_score_body(body)
    matrix = champion.reader.read(request.columns, request.rows)
    ours, theirs = (
        loaded.models.scores(matrix, horizon_days=request.horizon_days).churn for loaded in (champion, challenger)
    )
    difference = theirs - ours
    found: list[float] = difference[np.isfinite(difference)].tolist()
    return found
