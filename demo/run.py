"""Brings the whole system up on one machine, step by step, and keeps it running."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from customer.features.definitions import FEATURE_SET
from demo.credentials import create_credentials
from demo.detached import tell_ready
from demo.errors import FreshElsewhereError
from demo.home import DemoSettings, Home, open_home, write_private_json
from demo.layout import Ports, api_service, environment, mlflow_service, scoring_service, urls, worker_service
from demo.load import TENANT, load_dataset
from demo.options import DemoOptions, validated
from demo.processes import Supervisor, only_demo, raise_if_ports_taken
from demo.progress import Progress
from demo.steps import Steps
from demo.tour.ask import take_tour
from demo.tour.show import show_tour
from machine.embedded_postgres import start_embedded_postgres, stop_embedded_postgres
from profile_api.store.migrate import migrate
from scoring.engine.spec import FORMAT

_START_TIMEOUT_S = 90.0
_LEARNT = f"{FEATURE_SET} {FORMAT}"
_TRAINED, _SCORED = f"train {_LEARNT}", f"score {_LEARNT}"
"""Steps done again when a new version of the program computes other features, or reads other models than it wrote."""
_LONG_AGO = timedelta(days=60)
"""A history that ended earlier is looked at from its end: today everybody would be long gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    options: DemoOptions
    home: Home
    ports: Ports
    database_url: str
    environment: dict[str, str]
    services: Supervisor
    progress: Progress
    steps: Steps


def run_demo(options: DemoOptions, settings: DemoSettings, *, now: datetime, ready_descriptor: int | None) -> None:
    """Returns only when interrupted (Ctrl-C, SIGTERM), after everything has been stopped."""
    started = time.monotonic()
    validated(options)
    home, ports = open_home(settings), Ports.from_base(options.port_base)
    with only_demo(home):
        raise_if_ports_taken(ports.by_number())
        if options.fresh:
            remove_state(home, settings)
        _keep_running(options, settings, home, ports, now=now, started=started, ready_descriptor=ready_descriptor)


def _keep_running(
    options: DemoOptions,
    settings: DemoSettings,
    home: Home,
    ports: Ports,
    *,
    now: datetime,
    started: float,
    ready_descriptor: int | None,
) -> None:
    console = Console(stderr=options.as_json)
    steps = Steps(home=home, console=console)
    services = Supervisor(home)
    services.record()
    try:
        with _database(home, settings, steps) as database_url:
            demo = _Demo(
                options=options, home=home, ports=ports, database_url=database_url,
                environment=environment(home, ports, database_url=database_url),
                services=services, progress=Progress(home, data_key=options.data_key), steps=steps,
            )  # fmt: skip
            try:
                answer = bring_up(demo, now=now, started=started)
                if options.as_json:
                    print(json.dumps(answer, indent=2, default=str), flush=True)  # noqa: T201 - the command's result
                if ready_descriptor is not None:
                    tell_ready(ready_descriptor, home.log("demo"))
                services.watch(report=console.print)
            finally:
                console.print("stopping …")
                services.stop()
    except KeyboardInterrupt:
        console.print("stopped")
    finally:
        home.services_file.unlink(missing_ok=True)
        home.processes_file.unlink(missing_ok=True)


def remove_state(home: Home, settings: DemoSettings) -> None:
    """Forgets the loaded data, the models and the progress; logs stay. Errors: FreshElsewhereError."""
    if settings.database_url is not None:
        raise FreshElsewhereError
    stop_embedded_postgres(home.postgres)
    shutil.rmtree(home.postgres, ignore_errors=True)
    shutil.rmtree(home.mlflow, ignore_errors=True)
    home.mlflow.mkdir()
    home.progress_file.unlink(missing_ok=True)


def bring_up(demo: _Demo, *, now: datetime, started: float) -> dict[str, Any]:
    """Starts, loads, trains and scores whatever is not there yet; returns what a caller may want to know."""
    services, steps, progress = demo.services, demo.steps, demo.progress
    services.start(mlflow_service(demo.home, demo.ports, demo.environment))
    if progress.is_done(_TRAINED):
        services.start(scoring_service(demo.ports, demo.environment))
    with steps.step("migrate", "Tables brought up to date"):
        migrate(demo.database_url)
    services.start(api_service(demo.ports, demo.environment))
    if not progress.is_done("load"):
        with progress.once("load"):
            load_dataset(demo.options, demo.home, steps, progress, database_url=demo.database_url, now=now)
    if not progress.is_done(_TRAINED):
        with steps.step("mlflow", "MLflow answers"):
            services.wait_healthy(["mlflow"], timeout_s=_START_TIMEOUT_S)
        with progress.once(_TRAINED):
            _train(demo)
        services.start(scoring_service(demo.ports, demo.environment))
    services.start(worker_service(demo.environment))
    with steps.step("services", "All services answer"):
        services.wait_healthy(["mlflow", "scoring", "api", "worker"], timeout_s=_START_TIMEOUT_S)
    if not progress.is_done(_SCORED):
        with progress.once(_SCORED):
            steps.run("score", "Every customer scored", ["score", *_scoring_options(demo, now)], demo.environment)
    return _take_tour(demo, now=now, started=started)


def _take_tour(demo: _Demo, *, now: datetime, started: float) -> dict[str, Any]:
    """Hands out the tokens and shows what the system answers with one of them."""
    places = urls(demo.ports)
    credentials = asyncio.run(create_credentials(demo.database_url, tenant=TENANT, now=now))
    write_private_json(demo.home.services_file, {"urls": places, "credentials": credentials})
    with demo.steps.step("tour", "Three questions answered"):
        answers = take_tour(places["graphql"], token=credentials["agent"])
    total = time.monotonic() - started
    show_tour(
        demo.steps.console, answers, urls=places, home=demo.home, detached=demo.options.detach, seconds=total
    )  # fmt: skip
    return {
        "urls": places,
        "services_file": str(demo.home.services_file),
        "facts": demo.progress.facts,
        "seconds": {**demo.steps.seconds, "total": round(total, 1)},
        "answers": [{"question": one.question, "variables": one.variables, "data": one.data} for one in answers],
    }


def _train(demo: _Demo) -> None:
    # The outcome windows must end where the history does: days without data would count as silence.
    # The quick recipe, since somebody waits; `parcours train` later takes its time.
    arguments = ["train", "--quick", "--json", "--as-of", str(demo.progress.facts["history_ends_at"])]
    said = demo.steps.run("train", "Models trained and registered", arguments, demo.environment)
    result = json.loads(said.splitlines()[-1])
    if not result["is_champion"]:
        for check in result["checks"]:
            if not check["passed"]:
                demo.steps.note(f"the gate: {check['reason']}")
        demo.steps.note("the demo needs models, so these are put in charge by hand; the promotion log says so")
        demo.steps.run("promote", "Models put in charge", ["promote", "--force"], demo.environment)


def _scoring_options(demo: _Demo, now: datetime) -> list[str]:
    ended = datetime.fromisoformat(str(demo.progress.facts["history_ends_at"]))
    return ["--as-of", ended.isoformat()] if now - ended > _LONG_AGO else []


@contextmanager
def _database(home: Home, settings: DemoSettings, steps: Steps) -> Iterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    try:
        with steps.step("postgres", "PostgreSQL started"):
            url = start_embedded_postgres(home.postgres, keep_running=True)
        yield url
    finally:
        stop_embedded_postgres(home.postgres)
