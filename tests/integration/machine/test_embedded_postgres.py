"""The embedded server: quiet, patient, and it keeps what it was given."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from machine.embedded_postgres import EmbeddedPostgresFailedError, start_embedded_postgres, stop_embedded_postgres

_PROGRAM = """
import sys
from pathlib import Path
import psycopg
from machine.embedded_postgres import start_embedded_postgres, stop_embedded_postgres

folder = Path(sys.argv[1])
for statement in sys.argv[2:]:
    if statement == "stop":
        stop_embedded_postgres(folder)
        continue
    with psycopg.connect(start_embedded_postgres(folder), autocommit=True) as connection:
        cursor = connection.execute(statement)
        if cursor.description:
            print(cursor.fetchall())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not under pytest's folder: the server's own account must be able to enter it."""
    with TemporaryDirectory(prefix="parcours-embedded-") as parent:
        yield Path(parent) / "postgres"
        stop_embedded_postgres(Path(parent) / "postgres")


def _run(folder: Path, *statements: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROGRAM, str(folder), *statements],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert finished.stderr == ""
    assert finished.returncode == 0
    return finished.stdout


def test_a_server_that_was_stopped_ends_with_its_process_without_a_word_and_keeps_its_data(folder: Path) -> None:
    assert _run(folder, "create table kept (n integer)", "insert into kept values (7)", "stop") == ""
    assert not (folder / "postmaster.pid").exists()
    assert _run(folder, "select n from kept") == "[(7,)]\n"
    assert not (folder / "postmaster.pid").exists(), "the last process that asked for the server takes it along"


def test_commands_begun_together_on_nothing_share_one_server_and_make_its_tables_once(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["PARCOURS_HOME"] = str(folder.parent)
    command = [sys.executable, "-m", "parcours", "migrate"]
    begun = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=120)[0] for process in begun] == ["the database is up to date\n"] * 3


def test_training_begun_together_with_other_commands_on_a_stopped_server_shares_it(folder: Path) -> None:
    assert _run(folder, "create table kept (n integer)", "insert into kept values (7)", "stop") == ""
    training = """
import sys
from pathlib import Path
import psycopg
from training.settings import TrainingSettings, database_url

with psycopg.connect(database_url(TrainingSettings(home=Path(sys.argv[1]).parent, database_url=None))) as connection:
    print(connection.execute("select n from kept").fetchall())
"""
    begun = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, str(folder), *statements],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for program, statements in [(training, []), (_PROGRAM, ["select n from kept"])] * 2
    ]  # fmt: skip
    assert [process.communicate(timeout=120)[0] for process in begun] == ["[(7,)]\n"] * 4
    assert not (folder / "postmaster.pid").exists(), "the last of them takes the server along"


def test_who_was_killed_keeps_no_server_running(folder: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from machine.embedded_postgres import start_embedded_postgres

start_embedded_postgres(Path(sys.argv[1]))
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (folder / "postmaster.pid").exists()
    assert _run(folder, "select 1") == "[(1,)]\n"
    assert not (folder / "postmaster.pid").exists()


def test_commands_that_end_together_leave_no_server(folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, str(folder), "select pg_sleep(1)"]
    begun = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(120) for process in begun] == [0, 0, 0]
    assert not (folder / "postmaster.pid").exists()


def test_stopping_a_server_that_does_not_run_does_nothing(folder: Path) -> None:
    stop_embedded_postgres(folder)
    folder.mkdir()
    (folder / "postmaster.pid").write_text(f"{2**22 - 3}\n{folder}\n0\n5432\n{folder}\n\n0 0\nready\n")
    stop_embedded_postgres(folder)
    (folder / "postmaster.pid").unlink()


def test_a_folder_that_holds_something_else_is_left_alone_and_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "letters.txt").write_text("dear")
    with pytest.raises(EmbeddedPostgresFailedError, match=r"postgres.*set DATABASE_URL"):
        start_embedded_postgres(folder)
    assert sorted(os.listdir(folder)) == ["letters.txt"]


def test_a_file_in_place_of_the_folder_is_named(folder: Path) -> None:
    folder.write_text("not a folder")
    with pytest.raises(EmbeddedPostgresFailedError, match="postgres"):
        start_embedded_postgres(folder)
    folder.unlink()
