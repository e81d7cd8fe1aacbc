"""What the challenger says of a sample of the customers just scored, recorded beside, never in the champion's way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import asyncpg

from customer.contracts.score import Prediction, ScoreRequest
from profile_api.rescoring.client import ScoringCallError, ScoringClient, score_request
from profile_api.rescoring.outcomes import Scored
from profile_api.rescoring.statements import named_sql
from profile_api.store.database import FAILURES
from profile_api.store.feature_vectors import FeatureVectors

log = logging.getLogger(__name__)

CHALLENGER = "CHALLENGER"
_WAITING = 8
_TIMEOUT_S = 10.0
_FINISH_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    tenant_id: int
    request: ScoreRequest
    champions: dict[str, str]  # customer id -> model set


class ShadowRecorder:
    """Asks one question at a time; while it is asked few may wait, and what comes then is left out and counted."""

    def __init__(
        self, pool: asyncpg.Pool, client: ScoringClient, *, share: float, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._client = client
        self._share = share
        self._clock = clock
        self._waiting: asyncio.Queue[_Question] = asyncio.Queue(maxsize=_WAITING)
        self.recorded = 0
        self.left_out = 0

    def consider(self, tenant_id: int, vectors: FeatureVectors, scored: Sequence[Scored], *, as_of: datetime) -> None:
        """Perhaps has the challenger score some of these customers, later; returns at once and never raises."""
        chosen = [number for number, customer_id in enumerate(vectors.customer_ids) if self._takes(customer_id)]
        if not chosen:
            return
        sample = FeatureVectors(
            columns=vectors.columns,
            customer_ids=[vectors.customer_ids[number] for number in chosen],
            rows=[vectors.rows[number] for number in chosen],
        )
        question = _Question(
            tenant_id=tenant_id,
            request=score_request(sample, as_of=as_of, drivers=0),
            champions={str(one.customer_id): one.model_set for one in scored},
        )
        try:
            self._waiting.put_nowait(question)
        except asyncio.QueueFull:
            self.left_out += len(chosen)

    async def work(self) -> None:
        """Answers what waits, until cancelled."""
        failing = False
        while True:
            question = await self._waiting.get()
            try:
                self.recorded += await self._record(question)
                failing = False
            except (ScoringCallError, *FAILURES) as error:
                self.left_out += len(question.champions)
                if not failing:
                    log.warning("the challenger's predictions are not recorded: %s", error)
                failing = True
            finally:
                self._waiting.task_done()

    async def finish(self) -> None:
        """Returns when nothing waits any more, or after some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_WITHIN_S):
                await self._waiting.join()
        log.info("challenger in shadow: %s predictions recorded, %s left out", self.recorded, self.left_out)

    def _takes(self, customer_id: int) -> bool:
        """Always the same customers, so that their predictions can be followed through time."""
        digest = blake2b(f"shadow:{customer_id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self._share * 2**64

    async def _record(self, question: _Question) -> int:
        response = await self._client.score(question.request, timeout_s=_TIMEOUT_S, variant=CHALLENGER)
        rows = [
            _row(one, champion)
            for one in response.predictions
            if (champion := question.champions.get(one.id or "")) is not None and champion != response.model_set
        ]
        if not rows:
            return 0
        recorded: str = await self._pool.execute(
            named_sql("record_shadow"),
            question.tenant_id,
            question.request.as_of,
            self._clock(),
            response.feature_set,
            response.model_set,
            *map(list, zip(*rows, strict=True)),
        )
        return int(recorded.split()[-1])


def _row(one: Prediction, champion: str) -> tuple[object, ...]:
    """In the order of `record_shadow.sql` from $6 on."""
    churn, upcoming, value = one.churn, one.next_purchase, one.value
    return (
        int(one.id or 0),
        champion,
        churn.horizon_days if churn else None,
        churn.probability if churn else None,
        upcoming.p10_days if upcoming else None,
        upcoming.p50_days if upcoming else None,
        upcoming.p90_days if upcoming else None,
        value.expected_minor if value else None,
        value.low_minor if value else None,
        value.high_minor if value else None,
    )


@asynccontextmanager
async def recording(recorder: ShadowRecorder) -> AsyncIterator[ShadowRecorder]:
    """The recorder at work; what was taken is finished at the end, within bounds."""
    working = asyncio.create_task(recorder.work())
    try:
        yield recorder
        await recorder.finish()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
