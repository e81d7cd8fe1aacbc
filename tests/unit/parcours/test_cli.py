"""The front door: help everywhere, one sentence on an error, the right exit codes."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from parcours.cli import advice_on, build_app
from tests.ports import free_port_base


def commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    return [path, *(found for name, child in children.items() for found in commands(child, (*path, name)))]


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parcours", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=240)


def test_every_command_says_what_it_is_for() -> None:
    from typer.testing import CliRunner

    app = build_app()
    for path in commands(typer.main.get_command(app)):
        result = CliRunner().invoke(app, [*path, "--help"])
        assert result.exit_code == 0, path
        assert "Usage:" in result.output


def test_an_error_is_one_sentence_on_stderr_and_the_exit_code_says_so(tmp_path: Path) -> None:
    result = run("demo", "--dataset", "no-such-thing", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("parcours: no data set 'no-such-thing'")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("position", [0, 1])
def test_debug_shows_the_traceback_wherever_it_stands(position: int, tmp_path: Path) -> None:
    arguments = ["demo", "--dataset", "no-such-thing"]
    arguments.insert(position, "--debug")
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_help_does_not_load_the_heavy_libraries() -> None:
    code = (
        "import sys; from parcours.cli import build_app; build_app(); "
        "print([m for m in ('lightgbm', 'mlflow', 'pandas', 'sqlalchemy', 'duckdb', 'strawberry') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert result.stdout.strip() == "[]"


def test_a_full_disk_is_called_so_whichever_library_met_it() -> None:
    told = advice_on(RuntimeError(f"IO Error: Could not write file: {os.strerror(errno.ENOSPC)}"))
    assert told.startswith("the disk is full (IO Error")


def test_the_version_is_the_distributions() -> None:
    assert run("--version").stdout.startswith("parcours 0.")


def test_fresh_never_empties_a_database_that_is_not_the_demos_own(tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@localhost/theirs", "PARCOURS_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "parcours", "demo", "--fresh", "--port-base", str(free_port_base(count=3))]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=240)
    assert result.returncode == 1
    assert "empty that database yourself" in result.stderr
