"""Answers what the freshness queue asks for: the most urgent customers first, until nothing is due."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from customer.errors import ParcoursError
from profile_api.rescoring.batch import HOPELESS, BatchScorer
from profile_api.rescoring.client import ScoringCallError
from profile_api.rescoring.queue import RescoringRequest, due_requests, postpone, settle, swallow_jobs
from profile_api.rescoring.store import store_predictions

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.02
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Scores requested customers with a BatchScorer and settles their requests with the predictions, atomically."""

    scorer: BatchScorer
    clock: Callable[[], datetime]
    attempts: int
    """How often one customer is tried before the request waits for the customer's next change."""
    linger_s: float = 0.0
    """How long to look for more once nothing is due: while changes keep coming, none waits for a job to be found."""

    async def run(self, tenant_id: int) -> int:
        """Drains one tenant's due requests and returns how many were settled.

        Raises when the scoring service or the database is away: everything not settled stays requested.
        """
        settled, size, looks = 0, self.scorer.settings.batch_rows, 0
        while looks * _LOOK_EVERY_S <= self.linger_s:
            if requests := await self._take(tenant_id):
                batches = [requests[start : start + size] for start in range(0, len(requests), size)]
                settled += sum(await _together([self._answer(tenant_id, batch) for batch in batches]))
                looks = 0
                continue
            looks += 1
            await asyncio.sleep(min(_LOOK_EVERY_S, self.linger_s))
        return settled

    async def _take(self, tenant_id: int) -> list[RescoringRequest]:
        limit = self.scorer.settings.batch_rows * self.scorer.settings.batch_in_flight
        async with self.scorer.pool.acquire() as connection:
            await swallow_jobs(connection, tenant_id)
            return await due_requests(connection, tenant_id, now=self.clock(), limit=limit)

    async def _answer(self, tenant_id: int, requests: Sequence[RescoringRequest]) -> int:
        # The facts that led to a request were received when it was made; they count only before as_of.
        as_of = max(self.clock(), max(request.requested_at for request in requests) + _A_MOMENT)
        ids = [request.customer_id for request in requests]
        try:
            scored = await self.scorer.score_some(tenant_id, ids, as_of=as_of)
        except ScoringCallError as error:
            if error.code in HOPELESS:
                raise
            return await self._isolate(tenant_id, requests, error)
        async with self.scorer.pool.acquire() as connection, connection.transaction():
            await store_predictions(connection, tenant_id, scored, created_at=self.clock())
            await settle(connection, requests)  # also those that are no customers (any more): nothing to score
        return len(requests)

    async def _isolate(self, tenant_id: int, requests: Sequence[RescoringRequest], error: ScoringCallError) -> int:
        """One unanswerable customer must not hold up the others: halves, until the one is found and put off."""
        if len(requests) > 1:
            middle = len(requests) // 2
            return await self._answer(tenant_id, requests[:middle]) + await self._answer(tenant_id, requests[middle:])
        (request,) = requests
        again = request.attempts + 1 < self.attempts
        until = self.clock() + timedelta(seconds=2.0**request.attempts) if again else None
        log.warning("customer %s not scored (attempt %s): %s", request.customer_id, request.attempts + 1, error)
        async with self.scorer.pool.acquire() as connection:
            await postpone(connection, requests, until=until, why=str(error))
        return 0


async def _together(answers: Sequence[Coroutine[None, None, int]]) -> list[int]:
    """All of them at once; the first error that is ours, after all have ended."""
    results = await asyncio.gather(*answers, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise next((error for error in errors if isinstance(error, ParcoursError)), errors[0])
    return [result for result in results if isinstance(result, int)]
