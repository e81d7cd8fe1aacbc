"""The one place that speaks HTTP to the scoring service: a typed question in, a checked answer or a typed error out."""

import asyncio
import math
import random
from datetime import datetime

import httpx
import msgspec

from customer.contracts.score import Prediction, ScoreRequest, ScoreResponse
from customer.errors import ParcoursError
from customer.features.definitions import FEATURE_SET
from profile_api.rescoring.outcomes import NotScoredCode
from profile_api.store.feature_vectors import FeatureVectors

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


class ScoringCallError(ParcoursError):
    """The scoring service gave no usable answer; `code` says why, `retryable` whether asking again makes sense."""

    def __init__(self, code: NotScoredCode, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class ScoringClient:
    """Persistent connections to one scoring service, as many as may be in flight."""

    def __init__(self, url: str, *, connections: int, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
        )
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(ScoreResponse)

    async def score(self, request: ScoreRequest, *, timeout_s: float, variant: str | None = None) -> ScoreResponse:
        """One attempt, over within `timeout_s`; `variant` names CHAMPION or CHALLENGER. Raises ScoringCallError."""
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._http.post(
                    "/v1/score",
                    params={"variant": variant} if variant else None,
                    content=self._encoder.encode(request),
                    headers={"content-type": "application/json"},
                    timeout=timeout_s,
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ScoringCallError(
                NotScoredCode.DEADLINE_EXCEEDED,
                f"the scoring service did not answer within {timeout_s:.3g} s",
                retryable=True,
            ) from error
        except httpx.HTTPError as error:
            raise ScoringCallError(
                NotScoredCode.SCORING_UNREACHABLE,
                f"the scoring service cannot be reached ({type(error).__name__})",
                retryable=True,
            ) from error
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        return self._checked(answer.content, request)

    async def score_persistently(
        self, request: ScoreRequest, *, attempts: int, deadline_s: float, jitter: random.Random
    ) -> ScoreResponse:
        """Asks up to `attempts` times within `deadline_s`, pausing longer each time and never in step with others."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + deadline_s
        for attempt in range(1, attempts + 1):
            try:
                return await self.score(request, timeout_s=max(0.001, deadline - clock()))
            except ScoringCallError as error:
                pause = jitter.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**attempt))
                if not error.retryable or attempt == attempts or clock() + pause >= deadline:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def aclose(self) -> None:
        await self._http.aclose()

    def _checked(self, content: bytes, request: ScoreRequest) -> ScoreResponse:
        try:
            response = self._decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _invalid(f"it is not a score response: {error}") from error
        if response.feature_set != request.feature_set:
            raise _invalid(f"it is for feature set {response.feature_set!r}, not {request.feature_set!r}")
        if [prediction.id for prediction in response.predictions] != request.ids:
            raise _invalid("its ids are not those asked for, in the order asked")
        for prediction in response.predictions:
            problem = _implausible(prediction)
            if problem is not None:
                raise _invalid(problem)
        return response


def score_request(vectors: FeatureVectors, *, as_of: datetime, drivers: int) -> ScoreRequest:
    """The contract's request for these customers' feature vectors."""
    return ScoreRequest(
        feature_set=FEATURE_SET,
        as_of=as_of,
        columns=list(vectors.columns),
        rows=vectors.rows,
        ids=[str(customer_id) for customer_id in vectors.customer_ids],
        drivers=drivers,
    )


def _refusal(answer: httpx.Response) -> ScoringCallError:
    if answer.status_code == httpx.codes.CONFLICT:
        return ScoringCallError(NotScoredCode.FEATURE_SET_MISMATCH, _sentence(answer), retryable=False)
    if answer.status_code in (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS):
        return ScoringCallError(NotScoredCode.SCORING_NOT_READY, _sentence(answer), retryable=True)
    return ScoringCallError(
        NotScoredCode.SCORING_REFUSED,
        f"the scoring service answered {answer.status_code}: {_sentence(answer)}",
        retryable=answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR,
    )


def _sentence(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, str])["error"][:300]
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError):
        return "no reason given"


def _implausible(prediction: Prediction) -> str | None:
    probabilities = [part.probability for part in (prediction.churn, prediction.loyalty_potential) if part is not None]
    if not all(0 <= probability <= 1 for probability in probabilities):
        return "a probability lies outside 0 and 1"
    upcoming = prediction.next_purchase
    if upcoming is not None and not 0 <= upcoming.p10_days <= upcoming.p50_days <= upcoming.p90_days < math.inf:
        return "the days to the next order do not ascend from 0"
    return None


def _invalid(problem: str) -> ScoringCallError:
    return ScoringCallError(
        NotScoredCode.INVALID_ANSWER, f"the scoring service's answer cannot be used: {problem}", retryable=True
    )
