"""Runs the profile API: one uvicorn process, or several workers on one port."""

import asyncio
import gc
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from machine.listening import check_address
from machine.log_lines import LOG_LINES
from profile_api.access.api_keys import refuse_demo_keys
from profile_api.access.connections import access_pool
from profile_api.graph.engine import GraphEngine
from profile_api.http.app import build_app
from profile_api.http.front import FrontConnection
from profile_api.http.settings import EdgeSettings
from profile_api.rescoring.opening import live_scorer
from profile_api.rescoring.settings import load_rescoring_settings
from profile_api.settings import database_url, load_settings
from profile_api.store.database import connect

_LARGEST_MESSAGE: Final = 1_000_000
_LONGEST_TURN_S: Final = 0.0005
_COLLECT_AFTER: Final = (10_000, 20, 20)


def create_app() -> ASGIApp:
    """The application with everything read from the environment; uvicorn calls it in each worker."""
    edge = EdgeSettings.from_environment()
    url = database_url(load_settings())
    executor = GraphEngine(
        url,
        connections=edge.database_connections,
        introspection=not edge.production,
        database_role=edge.reading_role,
        audit_kept_days=edge.audit_kept_days,
        live_scorer=live_scorer(url, load_rescoring_settings(), clock=lambda: datetime.now(UTC)),
    )
    app = build_app(settings=edge, executor=executor, connections=access_pool(url))
    # Schema and code live as long as the process: looking through them at every collection would stop it for 0.1 s.
    gc.collect()
    gc.freeze()
    # What a request leaves behind holds no cycles; looking for some after each 700 objects costs a twentieth.
    gc.set_threshold(*_COLLECT_AFTER)
    # Documents met for the first time are planned in a thread, which must not keep the event loop waiting for 5 ms.
    sys.setswitchinterval(_LONGEST_TURN_S)
    return app


def server_options() -> dict[str, Any]:
    """How uvicorn runs the application: its protocols, its limits, and nothing said that helps a stranger."""
    return {
        "loop": "uvloop",
        "http": FrontConnection,
        "ws": "websockets-sansio",
        "ws_per_message_deflate": False,
        "ws_max_size": _LARGEST_MESSAGE,
        "ws_max_queue": 16,
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 10,
        "timeout_worker_healthcheck": 20,  # a worker that starts on a busy machine is slow to say that it lives
        "backlog": 4096,
        "limit_concurrency": 10_000,
    }


def serve(*, host: str, port: int, workers: int) -> None:
    """Blocks until told to stop; connections in use are given ten seconds to finish. Errors: CannotListenError."""
    settings = EdgeSettings.from_environment()
    check_address(host, port)
    url = database_url(load_settings())
    asyncio.run(_look_ahead(settings, url))
    os.environ["DATABASE_URL"] = url  # an embedded server is started here once, not by each worker
    with tempfile.TemporaryDirectory(prefix="parcours-metrics-") as folder:
        if workers > 1:
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(Path(folder)))
        application = "profile_api.http.serve:create_app"
        uvicorn.run(
            application, factory=True, host=host, port=port, workers=workers, log_config=LOG_LINES, **server_options()
        )


async def _look_ahead(settings: EdgeSettings, url: str) -> None:
    """Finds out here, for one sentence, what would end each worker with a traceback."""
    connection = await connect(url, statement_timeout_s=10)
    try:
        if settings.production:
            await refuse_demo_keys(connection)
    finally:
        await connection.close()
