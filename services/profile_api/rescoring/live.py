"""Predictions made while a profile read waits: bounded in time and number, never an error, always a typed reason."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from customer.errors import ParcoursError
from profile_api.rescoring.circuit import CircuitBreaker
from profile_api.rescoring.client import ScoringCallError, ScoringClient, score_request
from profile_api.rescoring.features import FeatureReader, FeaturesUnavailableError
from profile_api.rescoring.outcomes import NotScored, NotScoredCode, ScoringOutcome, scored_customers
from profile_api.rescoring.settings import RescoringSettings

log = logging.getLogger(__name__)

_Key = tuple[int, datetime | None]


@dataclass(slots=True)
class _Waiting:
    """The customers of one tenant and instant that callers wait for; a customer asked for twice is scored once."""

    outcomes: dict[int, asyncio.Future[ScoringOutcome]] = field(default_factory=dict)


class LiveScorer:
    """Scores customers now, for `predictions(fresh: true)`.

    Natural batching: a free lane takes a request at once; while all lanes are busy, requests of the same tenant and
    instant gather and leave together. Waiting customers, lanes and the time a caller waits are bounded, and a
    scoring service that keeps failing is left alone for a moment (circuit breaker).
    """

    def __init__(
        self,
        *,
        features: FeatureReader,
        client: ScoringClient,
        settings: RescoringSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._features = features
        self._client = client
        self._settings = settings
        self._clock = clock
        self._breaker = CircuitBreaker(failures=settings.breaker_failures, rest_s=settings.breaker_rest_s)
        self._free_lanes = settings.live_connections
        self._waiting: OrderedDict[_Key, _Waiting] = OrderedDict()
        self._waiting_customers = 0
        self._lanes: set[asyncio.Task[None]] = set()

    async def score(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime | None
    ) -> dict[int, ScoringOutcome]:
        """One outcome per customer (root ids), within the live deadline. `as_of` None means the moment of scoring.

        Never raises for trouble with scoring, features or time.
        """
        if not customer_ids:
            return {}
        if not self._breaker.allows(asyncio.get_running_loop().time()):
            return _all(customer_ids, NotScoredCode.CIRCUIT_OPEN, "the scoring service is failing; try again shortly")
        if self._waiting_customers + len(customer_ids) > self._settings.live_waiting:
            return _all(customer_ids, NotScoredCode.OVERLOADED, "too many live scorings are waiting")
        futures = self._enqueue((tenant_id, as_of), customer_ids)
        self._start_lane()
        await asyncio.wait(futures.values(), timeout=self._settings.live_deadline_s)
        late = NotScored(
            code=NotScoredCode.DEADLINE_EXCEEDED,
            message=f"live scoring took longer than {self._settings.live_deadline_s:.3g} s",
        )
        return {customer_id: future.result() if future.done() else late for customer_id, future in futures.items()}

    async def aclose(self) -> None:
        """Ends the lanes and closes the connections."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        await self._client.aclose()
        await self._features.aclose()

    def _enqueue(self, key: _Key, customer_ids: Sequence[int]) -> dict[int, asyncio.Future[ScoringOutcome]]:
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(key, _Waiting()).outcomes
        for customer_id in customer_ids:
            if customer_id not in waiting:
                waiting[customer_id] = loop.create_future()
                self._waiting_customers += 1
        return {customer_id: waiting[customer_id] for customer_id in customer_ids}

    def _start_lane(self) -> None:
        if self._free_lanes:
            self._free_lanes -= 1
            lane = asyncio.create_task(self._work())
            self._lanes.add(lane)
            lane.add_done_callback(self._lane_ended)

    def _lane_ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        self._free_lanes += 1

    async def _work(self) -> None:
        """Takes the longest waiting group, some fifty customers at a time, until nobody waits."""
        while self._waiting:
            key, batch = self._take()
            outcomes = await self._outcomes(key, list(batch))
            for customer_id, future in batch.items():
                future.set_result(outcomes[customer_id])

    def _take(self) -> tuple[_Key, dict[int, asyncio.Future[ScoringOutcome]]]:
        key, waiting = next(iter(self._waiting.items()))
        taken = list(waiting.outcomes)[: self._settings.live_batch]
        batch = {customer_id: waiting.outcomes.pop(customer_id) for customer_id in taken}
        if waiting.outcomes:
            self._waiting.move_to_end(key)
        else:
            del self._waiting[key]
        self._waiting_customers -= len(batch)
        return key, batch

    async def _outcomes(self, key: _Key, customer_ids: list[int]) -> dict[int, ScoringOutcome]:
        tenant_id, as_of = key
        loop = asyncio.get_running_loop()
        try:
            outcomes = await self._ask(tenant_id, customer_ids, as_of or self._clock())
        except FeaturesUnavailableError as error:
            return _all(customer_ids, NotScoredCode.FEATURES_UNAVAILABLE, str(error))
        except ScoringCallError as error:
            if error.code is NotScoredCode.FEATURE_SET_MISMATCH:
                self._breaker.succeeded()  # it works; resting would not help
            else:
                self._breaker.failed(loop.time())
            return _all(customer_ids, error.code, str(error))
        except ParcoursError as error:
            log.exception("live scoring failed")
            return _all(customer_ids, NotScoredCode.FEATURES_UNAVAILABLE, str(error))
        self._breaker.succeeded()
        return outcomes

    async def _ask(self, tenant_id: int, customer_ids: list[int], as_of: datetime) -> dict[int, ScoringOutcome]:
        deadline = self._settings.live_deadline_s
        vectors = await self._features.read(tenant_id, customer_ids, as_of, timeout_s=deadline)
        unknown = NotScored(code=NotScoredCode.UNKNOWN_CUSTOMER, message="nothing was known of this customer then")
        outcomes: dict[int, ScoringOutcome] = dict.fromkeys(customer_ids, unknown)
        if not vectors.customer_ids:
            return outcomes
        request = score_request(vectors, as_of=as_of, drivers=self._settings.drivers)
        response = await self._client.score(request, timeout_s=deadline)
        lifetime = self._settings.prediction_lifetime
        for one in scored_customers(vectors.customer_ids, response, as_of=as_of, lifetime=lifetime):
            outcomes[one.customer_id] = one
        return outcomes


def _all(customer_ids: Sequence[int], code: NotScoredCode, message: str) -> dict[int, ScoringOutcome]:
    return dict.fromkeys(customer_ids, NotScored(code=code, message=message))
