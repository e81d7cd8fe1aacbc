"""Runs one batch scoring from the command line: settings from the environment, progress on the terminal."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from customer.errors import ParcoursError
from customer.local_time import read_instant
from profile_api.rescoring.batch import BatchReport
from profile_api.rescoring.client import ScoringCallError
from profile_api.rescoring.opening import batch_scorer
from profile_api.rescoring.outcomes import NotScoredCode
from profile_api.rescoring.settings import load_rescoring_settings
from profile_api.settings import database_url, load_settings
from profile_api.store.tenants import get_tenant


class NoScoringServiceError(ParcoursError):
    """Nobody answers where the scoring service should be."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"no scoring service answers at {url}; start it (`parcours serve scoring`), name its address in "
            "PARCOURS_SCORING_URL, or score without it (--in-process)"
        )


async def score_tenant(*, as_of: str | None, in_process: bool, show_progress: bool) -> tuple[BatchReport, float]:
    """Scores the tenant that the environment names, as of now or of what was written, on the tenant's clock; the report
    and the seconds it took. Errors: UnreadableInstantError, NoScoringServiceError."""
    settings, rescoring = load_settings(), load_rescoring_settings()
    began = time.monotonic()
    async with (
        _transport(in_process=in_process) as transport,
        batch_scorer(database_url(settings), rescoring, clock=lambda: datetime.now(UTC), transport=transport) as scorer,
    ):
        async with scorer.pool.acquire() as connection:
            tenant = await get_tenant(connection, settings.tenant)
        with _progress(await scorer.count(tenant.id), shown=show_progress) as advance:
            try:
                instant = read_instant(as_of, tenant.time_zone) if as_of else datetime.now(UTC)
                report = await scorer.score_all(tenant.id, as_of=instant, progress=advance)
            except ScoringCallError as error:
                if error.code is NotScoredCode.SCORING_UNREACHABLE:
                    raise NoScoringServiceError(rescoring.scoring_url) from error
                raise
    return report, time.monotonic() - began


@asynccontextmanager
async def _transport(*, in_process: bool) -> AsyncIterator[httpx.AsyncBaseTransport | None]:
    """None for the network; or straight into a scoring application of this process's own, models loaded."""
    if not in_process:
        yield None
        return
    from scoring.http.app import create_app, service_of
    from scoring.server import load_settings as load_scoring_settings

    app = create_app(load_scoring_settings())
    service = service_of(app)
    await asyncio.to_thread(service.models.refresh)
    service.models.current()  # tells now, in one sentence, why there are no models
    try:
        yield httpx.ASGITransport(app)
    finally:
        service.pool.close()


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        task = progress.add_task("scoring", total=total)
        yield lambda count: progress.advance(task, count)
