"""What the images and the compose file run, run here: the same commands and settings, without the containers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.acceptance.waiting import wait_for
from tests.conftest import database_of
from tests.ports import free_port

COMPOSE = Path(__file__).parents[2] / "infra" / "docker-compose.yml"
IMAGE_COMMANDS = {"profile-api": ["serve", "api"], "scoring": ["serve", "scoring"]}


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    """A database without tables, as a new installation's."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create database container_test")
        yield database_of(postgres_url, "container_test")
        connection.execute("drop database container_test with (force)")


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"][name]
    return found


def settings(name: str, **local: str) -> dict[str, str]:
    """The service's own environment, with this machine's addresses in the place of the compose network's."""
    stated = {key: str(value) for key, value in service(name).get("environment", {}).items()}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PARCOURS_", "MLFLOW_"))}
    unknown = set(local) - set(stated) - {"PARCOURS_HOME"}
    assert not unknown, f"the compose file does not set {unknown}"
    return {**inherited, **stated, **local}


def parcours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "parcours", *arguments]


@contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    # In a session of its own: as in a container, everything it started ends with it.
    process = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def test_the_migration_job_makes_the_tables_the_profile_api_then_serves_in_production(
    empty_database: str, tmp_path: Path
) -> None:
    local = {"DATABASE_URL": empty_database, "PARCOURS_HOME": str(tmp_path)}
    subprocess.run(parcours(*service("migrate")["command"]), env=settings("migrate", **local), check=True, timeout=120)
    port = free_port()
    command = parcours(*IMAGE_COMMANDS["profile-api"], "--host", "127.0.0.1", "--port", str(port))
    with running(command, settings("profile-api", **local), tmp_path) as api:
        assert wait_for(f"http://127.0.0.1:{port}/readyz", api).status_code == 200
        assert wait_for(f"http://127.0.0.1:{port}/graphql", api).status_code in {401, 404, 405}


def test_the_worker_runs_while_scoring_is_away(database_url: str, tmp_path: Path) -> None:
    local = {
        "DATABASE_URL": database_url,
        "PARCOURS_HOME": str(tmp_path),
        "PARCOURS_SCORING_URL": f"http://127.0.0.1:{free_port()}",
    }
    with running(parcours(*service("worker")["command"]), settings("worker", **local), tmp_path) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(6)


def test_the_registry_keeps_its_tables_in_postgresql_and_scoring_waits_for_models(
    empty_database: str, tmp_path: Path
) -> None:
    port, scoring_port = free_port(), free_port()
    local = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--backend-store-uri": empty_database.replace("postgresql://", "postgresql+psycopg://"),
        "--artifacts-destination": str(tmp_path / "artifacts"),
        "--allowed-hosts": f"127.0.0.1:{port}",
    }
    command = [
        re.sub(r"^(--[a-z-]+)=.*$", lambda m: f"{m[1]}={local.get(m[1], '1')}", a) for a in service("mlflow")["command"]
    ]
    scoring = parcours(*IMAGE_COMMANDS["scoring"], "--port", str(scoring_port))
    with running([sys.executable, "-m", "mlflow", *command], settings("mlflow"), tmp_path) as registry:
        assert wait_for(f"http://127.0.0.1:{port}/health", registry).status_code == 200
        environment = settings("scoring", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}", PARCOURS_HOME=str(tmp_path))
        with running(scoring, environment, tmp_path) as server:
            assert wait_for(f"http://127.0.0.1:{scoring_port}/v2/health/live", server).status_code == 200
            assert wait_for(f"http://127.0.0.1:{scoring_port}/v2/health/ready", server).status_code == 503
