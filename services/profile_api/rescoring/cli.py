"""`parcours serve worker`. Only typer is imported here; the command imports what it needs when it runs."""

from typing import Annotated

import typer


def register(serve: typer.Typer) -> None:
    """Adds the worker to the services that can be run."""
    serve.command("worker")(serve_worker)


def serve_worker(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Stop once nothing is left to do, instead of waiting.")
    ] = False,
) -> None:
    """Keep stored predictions fresh: score customers anew when they change, and everybody every night."""
    import asyncio
    from datetime import UTC, datetime
    from logging.config import dictConfig

    from machine.log_lines import LOG_LINES
    from profile_api.rescoring.settings import load_rescoring_settings
    from profile_api.rescoring.worker import run_worker
    from profile_api.settings import database_url, load_settings

    dictConfig(LOG_LINES)
    url, settings = database_url(load_settings()), load_rescoring_settings()
    asyncio.run(run_worker(url, settings, clock=lambda: datetime.now(UTC), until_idle=until_idle))
