"""Looks over this machine's installation and says, for each thing that is not well, what to do about it."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import asyncpg
import httpx
from rich.console import Console

from customer.errors import DatabaseUnreachableError
from demo.home import DemoSettings, Home, open_home, read_json
from demo.layout import Ports
from demo.processes import find_running_demo, is_listening
from profile_api.store.database import connect
from profile_api.store.migrate import newest_revision

_NEEDED_DISK = 3 * 1024**3
_POSTGRES_MAJOR = 18
_MODELS = ("churn", "next_purchase", "value")


class Level(StrEnum):
    OK = "OK"
    NOTE = "NOTE"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `advice` says what to do when it is not well."""

    subject: str
    level: Level
    found: str
    advice: str | None = None

    @property
    def is_problem(self) -> bool:
        return self.level is Level.PROBLEM


def examine(settings: DemoSettings, *, port_base: int) -> list[Finding]:
    """Everything worth knowing before or while the system runs; starts and changes nothing."""
    home = open_home(settings)
    running = find_running_demo(home) is not None
    return [
        _disk(home),
        *_ports(home, Ports.from_base(port_base), running=running),
        *_services(home, running=running),
        *asyncio.run(_database(settings, home)),
        *_models(home),
    ]


def show(findings: list[Finding], *, as_json: bool) -> None:
    """Prints the findings, one line each, with the advice below."""
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))  # noqa: T201 - the command's result
        return
    marks = {Level.OK: "[green]✓[/green]", Level.NOTE: "[yellow]·[/yellow]", Level.PROBLEM: "[red]✗[/red]"}
    console = Console()
    for finding in findings:
        console.print(f"{marks[finding.level]} {finding.subject}: {finding.found}", highlight=False)
        if finding.advice:
            console.print(f"    {finding.advice}", highlight=False, style="dim")


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(home.folder).free
    found = f"{free / 1024**3:.1f} GiB free at {home.folder}"
    if free >= _NEEDED_DISK:
        return Finding(subject="disk", level=Level.OK, found=found)
    advice = "the demo needs about 3 GiB: free some, or set PARCOURS_HOME to a folder on another disk"
    return Finding(subject="disk", level=Level.PROBLEM, found=found, advice=advice)


def _ports(home: Home, ports: Ports, *, running: bool) -> Iterator[Finding]:
    own = {entry.get("port") for entry in _recorded(home).values()} if running else set()
    for port, service in ports.by_number().items():
        subject = f"port {port} ({service})"
        if port in own:
            yield Finding(subject=subject, level=Level.OK, found="used by this demo")
        elif is_listening(port):
            advice = "stop the other program, or start the demo with --port-base N"
            yield Finding(subject=subject, level=Level.PROBLEM, found="used by another program", advice=advice)
        else:
            yield Finding(subject=subject, level=Level.OK, found="free")


def _services(home: Home, *, running: bool) -> Iterator[Finding]:
    if not running:
        yield Finding(
            subject="services", level=Level.NOTE, found="not running", advice="start them with `parcours demo`"
        )
        return
    for name, entry in _recorded(home).items():
        if entry.get("health_url") is None:
            yield Finding(subject=name, level=Level.OK, found="running")
            continue
        problem = _health_problem(str(entry["health_url"]))
        if problem is None:
            yield Finding(subject=name, level=Level.OK, found="healthy")
        else:
            yield Finding(subject=name, level=Level.PROBLEM, found=problem, advice=f"look into {entry['log']}")


def _health_problem(url: str) -> str | None:
    try:
        status = httpx.get(url, timeout=3.0, trust_env=False).status_code
    except httpx.HTTPError as error:
        return f"does not answer ({type(error).__name__})"
    return None if status == httpx.codes.OK else f"answers {status} to its health check"


async def _database(settings: DemoSettings, home: Home) -> list[Finding]:
    url = settings.database_url or _embedded_url(home)
    if url is None:
        return [Finding(subject="database", level=Level.NOTE, found="the embedded PostgreSQL is not running")]
    try:
        connection = await connect(url, statement_timeout_s=10)
    except (DatabaseUnreachableError, asyncpg.PostgresError) as error:
        advice = None if settings.database_url else f"look into {home.postgres}/log"
        return [Finding(subject="database", level=Level.PROBLEM, found=str(error), advice=advice)]
    try:
        return [await _server_version(connection), await _tables(connection)]
    finally:
        await connection.close()


async def _server_version(connection: asyncpg.Connection) -> Finding:
    version = await connection.fetchval("show server_version")
    found = f"PostgreSQL {version}"
    if connection.get_server_version().major >= _POSTGRES_MAJOR:
        return Finding(subject="database", level=Level.OK, found=found)
    advice = f"Parcours is tested with PostgreSQL {_POSTGRES_MAJOR}; upgrade the server"
    return Finding(subject="database", level=Level.PROBLEM, found=found, advice=advice)


async def _tables(connection: asyncpg.Connection) -> Finding:
    has_tables = await connection.fetchval("select to_regclass('alembic_version') is not null")
    revision = await connection.fetchval("select version_num from alembic_version") if has_tables else None
    if revision == newest_revision():
        return Finding(subject="tables", level=Level.OK, found=f"at version {revision}")
    found = f"at version {revision}, this program needs {newest_revision()}" if revision else "there are none"
    return Finding(subject="tables", level=Level.PROBLEM, found=found, advice="run `parcours migrate`")


def _models(home: Home) -> Iterator[Finding]:
    url = read_json(home.services_file).get("urls", {}).get("mlflow")
    if url is None:
        return
    for model in _MODELS:
        query = {"name": model, "alias": "champion"}
        try:
            response = httpx.get(
                f"{url}/api/2.0/mlflow/registered-models/alias", params=query, timeout=5, trust_env=False
            )
        except httpx.HTTPError as error:
            yield Finding(subject=f"model {model}", level=Level.PROBLEM, found=f"MLflow: {type(error).__name__}")
            continue
        if response.status_code == httpx.codes.OK:
            version = response.json()["model_version"]["version"]
            yield Finding(subject=f"model {model}", level=Level.OK, found=f"champion is version {version}")
        else:
            yield Finding(
                subject=f"model {model}", level=Level.PROBLEM, found="no champion", advice="run `parcours train`"
            )


def _embedded_url(home: Home) -> str | None:
    pid_file = home.postgres / "postmaster.pid"
    if not pid_file.exists():
        return None
    lines = pid_file.read_text().splitlines()
    return f"postgresql://postgres@/postgres?host={lines[4]}&port={lines[3]}" if len(lines) > 4 else None


def _recorded(home: Home) -> Mapping[str, Mapping[str, Any]]:
    services: Mapping[str, Mapping[str, Any]] = read_json(home.processes_file).get("services", {})
    return services
