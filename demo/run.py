"""Brings the whole system up on one machine, step by step, and keeps it running."""

import asyncio
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import FrameType

from rich.console import Console

from demo.credentials import create_credentials
from demo.detached import tell_ready
from demo.errors import AlreadyRunningError
from demo.home import DemoSettings, Home, open_home, write_private_json
from demo.layout import Ports, api_service, environment, mlflow_service, scoring_service, urls, worker_service
from demo.options import DemoOptions, validated
from demo.processes import Supervisor, find_running_demo, raise_if_ports_taken
from demo.progress import Progress
from demo.steps import Steps

_START_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    options: DemoOptions
    home: Home
    ports: Ports
    steps: Steps
    services: Supervisor
    progress: Progress
    environment: dict[str, str]


def run_demo(options: DemoOptions, settings: DemoSettings, *, now: datetime, ready_descriptor: int | None) -> None:
    """Returns only when interrupted (Ctrl-C, SIGTERM), after everything has been stopped."""
    validated(options)
    home = open_home(settings)
    console = Console(stderr=options.as_json)
    raise_if_it_cannot_start(home, options)
    if options.fresh:
        remove_state(home)
    started = time.monotonic()
    steps = Steps(home=home, console=console)
    progress = Progress(home, data_key=options.data_key, fresh=options.fresh)
    with _interruptible(), _database(home, settings, steps) as database_url:
        services = Supervisor(home)
        ports = Ports.from_base(options.port_base)
        demo = _Demo(
            options=options,
            home=home,
            ports=ports,
            steps=steps,
            services=services,
            progress=progress,
            environment=environment(home, ports, database_url=database_url),
        )
        try:
            bring_up(demo, now=now)
            console.print(f"ready after {time.monotonic() - started:.0f} s", highlight=False)
            if ready_descriptor is not None:
                tell_ready(ready_descriptor, home)
            services.watch(report=console.print)
        except KeyboardInterrupt:
            console.print("stopping …")
        finally:
            services.stop()
            home.services_file.unlink(missing_ok=True)
