"""Scores every customer of a tenant at one instant: vectors, answers and rows flow in bounded batches."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from customer.errors import ParcoursError
from profile_api.rescoring.client import ScoringCallError, ScoringClient, score_request
from profile_api.rescoring.features import FeatureReader
from profile_api.rescoring.outcomes import NotScored, NotScoredCode, Scored, scored_customers
from profile_api.rescoring.queue import settle_older
from profile_api.rescoring.settings import RescoringSettings
from profile_api.rescoring.shadow import ShadowRecorder
from profile_api.rescoring.statements import named_sql
from profile_api.rescoring.store import store_predictions

_PAGE = 10_000
HOPELESS = frozenset(
    {
        NotScoredCode.SCORING_UNREACHABLE,
        NotScoredCode.SCORING_NOT_READY,
        NotScoredCode.FEATURE_SET_MISMATCH,
        NotScoredCode.DEADLINE_EXCEEDED,
    }
)


@dataclass(slots=True, kw_only=True)
class BatchReport:
    """What a batch came to. Customers that could not be scored keep the predictions they had."""

    as_of: datetime
    stored: int = 0
    not_scored: Counter[str] = field(default_factory=Counter)  # NotScoredCode -> customers
    unavailable: Counter[str] = field(default_factory=Counter)  # "KIND CODE" of single predictions -> customers
    model_sets: set[str] = field(default_factory=set)
    examples: dict[int, NotScored] = field(default_factory=dict)  # the first hundred customers not scored

    def add_scored(self, scored: Sequence[Scored], *, stored: int) -> None:
        self.stored += stored
        self.model_sets.update(one.model_set for one in scored)
        self.unavailable.update(f"{gap.kind} {gap.code}" for one in scored for gap in one.answer.unavailable)

    def add_not_scored(self, customer_ids: Sequence[int], reason: NotScored) -> None:
        self.not_scored[reason.code] += len(customer_ids)
        room = max(0, 100 - len(self.examples))
        self.examples.update(dict.fromkeys(customer_ids[:room], reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchScorer:
    """Reads, asks and stores batches of some hundred customers, a few at once, each retried within bounds."""

    pool: asyncpg.Pool
    features: FeatureReader
    client: ScoringClient
    settings: RescoringSettings
    clock: Callable[[], datetime]
    shadow: ShadowRecorder | None = None
    jitter: random.Random = field(default_factory=random.SystemRandom)

    async def score_all(
        self, tenant_id: int, *, as_of: datetime, progress: Callable[[int], None] = lambda count: None
    ) -> BatchReport:
        """Scores the tenant's customers; `progress` is told how many more are done.

        Raises ScoringCallError when the scoring service stays away or refuses the feature set: going on is pointless.
        """
        report = BatchReport(as_of=as_of)
        batches: asyncio.Queue[list[int] | None] = asyncio.Queue(maxsize=self.settings.batch_in_flight)

        async def work() -> None:
            while (batch := await batches.get()) is not None:
                await self._score_into(report, tenant_id, batch, as_of)
                progress(len(batch))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.settings.batch_in_flight):
                    group.create_task(work())
                async for batch in self._batches(tenant_id):
                    await batches.put(batch)
                for _ in range(self.settings.batch_in_flight):
                    await batches.put(None)
        except ExceptionGroup as errors:
            first = next((error for error in errors.exceptions if isinstance(error, ParcoursError)), None)
            if first is None:
                raise
            raise first from None
        return report

    async def count(self, tenant_id: int) -> int:
        """How many customers the tenant has."""
        count: int = await self.pool.fetchval(
            "select count(*) from customer where tenant_id = $1 and root_id = id", tenant_id
        )
        return count

    async def score_some(self, tenant_id: int, customer_ids: Sequence[int], *, as_of: datetime) -> list[Scored]:
        """Predictions of these customers, not stored; customers unknown at `as_of` are left out."""
        vectors = await self.features.read(tenant_id, customer_ids, as_of, timeout_s=self.settings.batch_deadline_s)
        if not vectors.customer_ids:
            return []
        response = await self.client.score_persistently(
            score_request(vectors, as_of=as_of, drivers=self.settings.drivers),
            attempts=self.settings.batch_attempts,
            deadline_s=self.settings.batch_deadline_s,
            jitter=self.jitter,
        )
        lifetime = self.settings.prediction_lifetime
        scored = scored_customers(vectors.customer_ids, response, as_of=as_of, lifetime=lifetime)
        if self.shadow is not None:
            self.shadow.consider(tenant_id, vectors, scored, as_of=as_of)
        return scored

    async def _score_into(self, report: BatchReport, tenant_id: int, batch: list[int], as_of: datetime) -> None:
        try:
            scored = await self.score_some(tenant_id, batch, as_of=as_of)
        except ScoringCallError as error:
            if error.code in HOPELESS:
                raise
            report.add_not_scored(batch, NotScored(code=error.code, message=str(error)))
            return
        async with self.pool.acquire() as connection, connection.transaction():
            stored = await store_predictions(connection, tenant_id, scored, created_at=self.clock())
            await settle_older(connection, batch, as_of=as_of)
        report.add_scored(scored, stored=stored)
        known = {one.customer_id for one in scored}
        unknown = [customer_id for customer_id in batch if customer_id not in known]
        if unknown:
            reason = NotScored(code=NotScoredCode.UNKNOWN_CUSTOMER, message="nothing was known of this customer then")
            report.add_not_scored(unknown, reason)

    async def _batches(self, tenant_id: int) -> AsyncIterator[list[int]]:
        after, size = 0, self.settings.batch_rows
        while True:
            page = await self.pool.fetch(named_sql("customer_page"), tenant_id, after, _PAGE)
            ids = [row["id"] for row in page]
            for start in range(0, len(ids), size):
                yield ids[start : start + size]
            if len(ids) < _PAGE:
                return
            after = ids[-1]
