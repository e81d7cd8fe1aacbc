"""Whether the process lives, and whether it can answer: the database is reachable and has the tables we expect."""

import asyncio
from functools import cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from profile_api.store.database import FAILURES
from profile_api.store.migrate import newest_revision


async def livez(_: Request) -> Response:
    """200 as long as the event loop turns."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """200 when requests can be answered; 503 with the reason otherwise."""
    expected = _newest()
    try:
        async with asyncio.timeout(2), request.app.state.connections.acquire() as connection:
            found = await connection.fetchval("select version_num from alembic_version")
    except FAILURES as error:
        return _not_ready(f"the database does not answer ({type(error).__name__})")
    # A newer database is fine: migrations run before the new code does, and keep what the old code reads.
    if found is None or found < expected:
        return _not_ready(f"the database's tables are of version {found}, expected {expected}; run `parcours migrate`")
    return JSONResponse({"status": "ready", "schemaVersion": found})


def _not_ready(reason: str) -> Response:
    return JSONResponse({"status": "not ready", "reason": reason}, status_code=503, headers={"retry-after": "2"})


@cache
def _newest() -> str:
    return newest_revision()
