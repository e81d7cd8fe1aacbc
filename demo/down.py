"""Stops everything a demo started on this state folder."""

import json

from rich.console import Console

from demo.home import DemoSettings, open_home
from demo.processes import stop_recorded_processes
from machine.embedded_postgres import stop_embedded_postgres


def stop_everything(settings: DemoSettings, *, as_json: bool) -> None:
    """Stops the services and the embedded database; says what was running. Data and models stay."""
    home = open_home(settings)
    has_database = settings.database_url is None and (home.postgres / "postmaster.pid").exists()
    stopped = stop_recorded_processes(home)
    if has_database:
        stop_embedded_postgres(home.postgres)  # the demo stops it itself, unless it was killed
        stopped.append("postgres")
    home.services_file.unlink(missing_ok=True)
    if as_json:
        print(json.dumps({"stopped": stopped}))  # noqa: T201 - the command's result
    elif stopped:
        Console().print(f"stopped: {', '.join(stopped)}", highlight=False)
    else:
        Console().print(f"nothing was running on {home.folder}", highlight=False)
