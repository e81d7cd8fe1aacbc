"""Runs the scoring application under uvicorn: one process per core asked for, all behind one socket."""

import os
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette

from customer.errors import SettingsError
from machine.listening import check_address
from machine.log_lines import LOG_LINES
from scoring.http.app import create_app
from scoring.model_repository import model_repository
from scoring.settings import ScoringSettings


def load_settings(**overrides: object) -> ScoringSettings:
    """The environment's settings, save those overridden; all problems in it are told at once."""
    try:
        return ScoringSettings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(error.errors(), prefix="PARCOURS_SCORING_") from None


def worker_app() -> Starlette:
    """What each worker process runs."""
    return create_app(ScoringSettings.model_validate_json(os.environ["PARCOURS_SCORING_OPTIONS"]))


def serve(settings: ScoringSettings) -> None:
    """Serves until told to stop; finishes the requests in progress first. Errors: CannotListenError."""
    check_address(settings.host, settings.port)
    model_repository(settings)  # a missing setting is told here, once, not by every worker process
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_config": LOG_LINES,
        "access_log": False,
        "timeout_graceful_shutdown": 10,
        "timeout_worker_healthcheck": 20,  # a worker that starts on a busy machine is slow to say that it lives
        "limit_concurrency": 4 * (settings.threads + settings.waiting),
        "backlog": 512,
    }
    if settings.processes == 1:
        uvicorn.run(create_app(settings), **options)
        return
    with tempfile.TemporaryDirectory(prefix="parcours-scoring-") as folder:
        # Workers end by the signal itself, so what they put into temporary folders is removed here.
        os.environ["TMPDIR"] = folder
        figures = Path(folder) / "figures"
        figures.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)
        os.environ["PARCOURS_SCORING_OPTIONS"] = settings.model_dump_json()  # what the command line overrode
        uvicorn.run("scoring.server:worker_app", factory=True, workers=settings.processes, **options)
