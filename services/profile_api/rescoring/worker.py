"""The worker process: procrastinate wakes it for committed changes and by the clock; it drains the freshness queue."""

import asyncio
import logging
import random
import signal
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from customer.errors import ParcoursError
from profile_api.rescoring.drain import Drain
from profile_api.rescoring.opening import batch_scorer
from profile_api.rescoring.queue import request_refresh
from profile_api.rescoring.settings import RescoringSettings

log = logging.getLogger(__name__)

QUEUE = "rescoring"
_LONGEST_PAUSE_S = 30.0
_LINGER_S = 0.1  # short, for a tenant that lingers keeps another one waiting
_BACK_AFTER_S = 2.0
_BEATS_MISSED = 4  # after so many a worker counts as dead; if it was only slow, its customers are scored twice


class TablesMissingError(ParcoursError):
    """The database was never migrated."""

    def __init__(self) -> None:
        super().__init__("the database has no tables yet; run `parcours migrate`")


class Backoff(BaseRetryStrategy):
    """Tries again for ever, in 0.5 s, then later and later up to half a minute: what is requested must be answered."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        longest = min(_LONGEST_PAUSE_S, 0.5 * 2.0 ** min(job.attempts, 10))
        pause = random.uniform(longest / 2, longest)  # noqa: S311 - spreads workers, guards nothing
        return RetryDecision(retry_in={"milliseconds": round(1000 * pause)})


def queue_app(
    database_url: str, *, drain: Drain, clock: Callable[[], datetime], settings: RescoringSettings
) -> procrastinate.App:
    """The tasks of the queue: `rescore` one tenant, `refresh` every night, and rescue what a dead worker held."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url,
        kwargs={"options": "-c search_path=procrastinate,public", "application_name": "parcours worker"},
        min_size=1,
        max_size=3,
        timeout=10.0,
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="rescore", queue=QUEUE, retry=Backoff())
    async def rescore(tenant_id: int) -> None:
        await drain.run(tenant_id)

    @app.periodic(cron=settings.refresh_cron)
    @app.task(name="refresh", queue=QUEUE, queueing_lock="refresh", retry=Backoff())
    async def refresh(timestamp: int) -> None:
        now = clock()
        horizon = now + timedelta(hours=24)  # whatever would expire before the next night
        async with drain.scorer.pool.acquire() as connection:
            tenants = await request_refresh(connection, expiring_before=horizon, requested_at=now)
        for tenant_id in tenants:
            await rescore.configure(lock=f"rescoring:{tenant_id}").defer_async(tenant_id=tenant_id)

    @app.periodic(cron="* * * * * */5")
    @app.task(name="rescue", queue=QUEUE, queueing_lock="rescue", pass_context=True)
    async def rescue(context: procrastinate.JobContext, timestamp: int) -> None:
        manager = context.app.job_manager
        stalled_after_s = _BEATS_MISSED * settings.worker_heartbeat_s
        for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=stalled_after_s):
            await manager.retry_job(job)

    return app


async def run_worker(
    database_url: str, settings: RescoringSettings, *, clock: Callable[[], datetime], until_idle: bool = False
) -> None:
    """Works until the process is told to stop, also when the database is away for a while; with `until_idle`, until
    there is nothing left to do now. Errors: TablesMissingError.
    """
    async with batch_scorer(database_url, settings, clock=clock) as scorer:
        linger_s = 0.0 if until_idle else _LINGER_S
        drain = Drain(scorer=scorer, clock=clock, attempts=settings.request_attempts, linger_s=linger_s)
        app = queue_app(database_url, drain=drain, clock=clock, settings=settings)
        work = partial(
            app.run_worker_async,
            queues=[QUEUE],
            concurrency=settings.worker_jobs,
            wait=not until_idle,
            listen_notify=not until_idle,
            # A job that came while its tenant was being drained is not announced again when the drain ends.
            fetch_job_polling_interval=0.3,
            install_signal_handlers=False,
            delete_jobs="always",
            update_heartbeat_interval=settings.worker_heartbeat_s,
            stalled_worker_timeout=_BEATS_MISSED * settings.worker_heartbeat_s,
            shutdown_graceful_timeout=20.0,
        )
        async with app.open_async():
            if not await app.check_connection_async():
                raise TablesMissingError
            await (work() if until_idle else _until_told(work))


async def _until_told(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """procrastinate ends a worker that loses the database; it is started again until SIGTERM or SIGINT comes."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    while not told.is_set():
        working = asyncio.create_task(work())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()  # it first ends what it does
        [ended] = await asyncio.gather(working, return_exceptions=True)
        if isinstance(ended, Exception) and not isinstance(ended, ConnectorException):
            raise ended
        if not told.is_set():
            log.warning("the worker lost the database; it looks for it again in %.0f s", _BACK_AFTER_S)
            await asyncio.wait({waiting}, timeout=_BACK_AFTER_S)
