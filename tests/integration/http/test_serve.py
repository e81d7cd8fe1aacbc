"""The command that operators run: several workers on one port, one sentence for a mistake, a clean end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.integration.http.conftest import demo_tokens
from tests.integration.http.test_websocket import wait_until
from tests.ports import free_port

PARCOURS = [sys.executable, "-c", "import sys; from parcours.cli import main; sys.argv[0] = 'parcours'; main()"]


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "it ended before it was ready"
        try:
            if httpx.get(url + "/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("it was not ready within a minute")


def test_workers_share_a_port_read_as_the_service_role_and_count_together(database_url: str) -> None:
    token, port = demo_tokens(database_url)["agent"], free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {"DATABASE_URL": database_url, "PARCOURS_DATABASE_ROLE": "parcours_service"}
    command = [*PARCOURS, "serve", "api", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(url, process)
        for _ in range(8):  # connections of their own, so that both workers are asked
            answer = httpx.post(
                url + "/graphql",
                json={"query": "{ customers(first: 1) { totalCount } }"},
                headers={"authorization": f"Bearer {token}"},
            )
            assert answer.json() == {"data": {"customers": {"totalCount": 0}}}
        counted = 'parcours_graphql_answers_total{kind="OK",operation="query"} 8.0'
        wait_until(lambda: counted in httpx.get(url + "/metrics").text)  # each worker tells now and then
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_production_says_in_one_sentence_that_demonstration_keys_are_in_force(database_url: str, workers: str) -> None:
    demo_tokens(database_url)
    environment = os.environ | {"DATABASE_URL": database_url, "PARCOURS_ENVIRONMENT": "production"}
    command = [*PARCOURS, "serve", "api", "--port", str(free_port()), "--workers", workers]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("parcours: 6 demonstration keys are in force")
    assert "`parcours keys revoke --demo`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("service", [("api", "--workers", "2"), ("scoring", "--processes", "2")])
def test_a_port_that_another_program_has_is_named_in_one_sentence(service: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [*PARCOURS, "serve", *service, "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"parcours: cannot listen on 127.0.0.1, port {port}: Address already in use; "
        "stop the program that does, or name another address with --host and --port\n"
    )


def test_mistaken_settings_are_one_sentence_on_standard_error(database_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "PARCOURS_LARGEST_BODY": "tiny"}
    done = subprocess.run(
        [*PARCOURS, "serve", "api"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("parcours: unusable settings in the environment: PARCOURS_LARGEST_BODY")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: the database's account loses sight of that one whenever another run of tests begins."""
    with TemporaryDirectory(prefix="parcours-serve-") as folder:
        yield Path(folder)


@pytest.mark.timeout(280)
def test_a_service_told_to_end_stops_the_database_it_started_and_leaves_no_folders(folder: Path) -> None:
    home, temporary, port = folder / "home", folder / "temporary", free_port()
    temporary.mkdir()
    environment = os.environ | {"PARCOURS_HOME": str(home), "TMPDIR": str(temporary)}
    environment.pop("DATABASE_URL", None)
    subprocess.run([*PARCOURS, "migrate"], env=environment, check=True, timeout=120, stdout=subprocess.DEVNULL)
    command = [*PARCOURS, "serve", "api", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(60)
    assert ended == 0
    assert not [entry for entry in temporary.iterdir() if entry.is_dir()]
    assert not list(home.rglob("postmaster.pid"))
