"""`parcours monitor`: the champion's stored predictions looked at, and what was found kept."""

from datetime import datetime
from pathlib import Path

from training.commands.sources import database_snapshot
from training.monitoring.observe import Observation, observe, record_observation
from training.monitoring.report import log_observation, write_observation
from training.settings import TrainingSettings, database_url
from training.train import Progress


def monitor_champion(
    settings: TrainingSettings, *, out: Path | None, log: bool, now: datetime, progress: Progress
) -> tuple[Observation, Path]:
    """Looks, writes the page, keeps the observation in the database and in MLflow. Returns it and the page."""
    progress("snapshot of the database")
    with database_snapshot(settings, known_before=now) as snapshot:
        seen = observe(settings, snapshot, now=now, progress=progress)
    folder = out or settings.home.resolve() / "reports" / "monitoring" / f"{now:%Y-%m-%dT%H%M%S}"
    page = write_observation(seen, folder)
    record_observation(database_url(settings), settings.tenant, seen)
    if log:
        from training.registry.model_registry import connect

        progress("logging to MLflow")
        log_observation(connect(settings), seen, folder)
    return seen, page
