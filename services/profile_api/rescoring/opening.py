"""Opens what scoring in batch and live needs, with pools of their own, and closes it again."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import datetime

import asyncpg
import httpx

from profile_api.rescoring.batch import BatchScorer
from profile_api.rescoring.client import ScoringClient
from profile_api.rescoring.features import stored_features
from profile_api.rescoring.live import LiveScorer
from profile_api.rescoring.settings import RescoringSettings
from profile_api.rescoring.shadow import ShadowRecorder, recording
from profile_api.store.database import connect


@asynccontextmanager
async def batch_scorer(
    database_url: str,
    settings: RescoringSettings,
    *,
    clock: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[BatchScorer]:
    """A scorer with its own bounded pools; `transport` reaches a scoring application without a network.

    Errors: DatabaseUnreachableError.
    """
    lanes = settings.batch_in_flight
    await (await connect(database_url)).close()  # says in one sentence that nobody is there; a pool says it in many
    async with (
        asyncpg.create_pool(
            database_url,
            min_size=1,
            max_size=lanes + 2,
            command_timeout=60,
            # The triggers of procrastinate's tables name their tables without the schema.
            server_settings={"search_path": "public,procrastinate", "application_name": "parcours rescoring"},
        ) as pool,
        aclosing(stored_features(database_url, connections=lanes)) as features,
        aclosing(ScoringClient(settings.scoring_url, connections=lanes, transport=transport)) as client,
    ):
        scorer = BatchScorer(pool=pool, features=features, client=client, settings=settings, clock=clock)
        if not settings.shadow_share:
            yield scorer
            return
        async with (
            aclosing(ScoringClient(settings.scoring_url, connections=1, transport=transport)) as beside,
            recording(ShadowRecorder(pool, beside, share=settings.shadow_share, clock=clock)) as shadow,
        ):
            yield replace(scorer, shadow=shadow)


def live_scorer(database_url: str, settings: RescoringSettings, *, clock: Callable[[], datetime]) -> LiveScorer:
    """Nothing is connected before the first question, so that a profile API starts without scoring; to be closed."""
    lanes = settings.live_connections
    return LiveScorer(
        features=stored_features(database_url, connections=lanes),
        client=ScoringClient(settings.scoring_url, connections=lanes),
        settings=settings,
        clock=clock,
    )
