"""Several worker processes behind one port: each answers, figures are of all of them, a killed one is replaced."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest

from tests.integration.scoring.conftest import ask
from tests.ports import free_port
from tests.small_models import SmallModels

_REQUESTS = 60


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(small_models: SmallModels, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[psutil.Process]:
    temporary = tmp_path_factory.mktemp("temporary")
    command = [sys.executable, "-m", "parcours", "serve", "scoring", "--models", str(small_models.folder)]
    environment = {**os.environ, "PARCOURS_HOME": str(small_models.folder.parent), "TMPDIR": str(temporary)}
    process = subprocess.Popen([*command, "--port", str(port), "--processes", "2"], env=environment)
    yield psutil.Process(process.pid)
    workers = _workers(psutil.Process(process.pid))
    process.terminate()
    process.wait(timeout=30)
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    assert list(temporary.iterdir()) == []


def _workers(server: psutil.Process) -> list[psutil.Process]:
    """Those that listen; beside them multiprocessing has a process of its own."""
    found = []
    for one in server.children():
        with suppress(psutil.NoSuchProcess):  # or a zombie, until its parent looks
            if "resource_tracker" not in " ".join(one.cmdline()):
                found.append(one)
    return found


def _client(port: int) -> httpx.Client:
    """Each request on a connection of its own, so that the kernel spreads them over the processes."""
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=20,
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=0),
        transport=httpx.HTTPTransport(retries=100),
    )


def _answered(client: httpx.Client) -> int:
    found = re.search(r'requests_total\{endpoint="score",status="200"\} (\d+)', client.get("/metrics").text)
    return int(found[1]) if found else 0


def _until_both_are_ready(client: httpx.Client) -> None:
    in_a_row = 0
    for _ in range(1200):
        try:
            ready = client.get("/v2/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            ready = False
        in_a_row = in_a_row + 1 if ready else 0
        if in_a_row == 30:
            return
        time.sleep(0.01 if ready else 0.05)
    raise TimeoutError("the processes did not become ready")


def test_the_figures_of_all_processes_are_added_up(server: psutil.Process, port: int, question: dict[str, Any]) -> None:
    with _client(port) as client:
        _until_both_are_ready(client)
        before = _answered(client)
        answers = [ask(client, question) for _ in range(_REQUESTS)]
        assert {answer.status_code for answer in answers} == {httpx.codes.OK}
        assert {answer.text for answer in answers} == {answers[0].text}
        assert {_answered(client) for _ in range(10)} == {before + _REQUESTS}


def test_a_killed_process_is_replaced(server: psutil.Process, port: int, question: dict[str, Any]) -> None:
    with _client(port) as client:
        _until_both_are_ready(client)
        victim, *_ = workers = _workers(server)
        victim.send_signal(signal.SIGKILL)
        for _ in range(2400):  # one that is killed while it is asked whether it lives is waited for
            now = _workers(server)
            if len(now) == len(workers) and victim not in now:
                break
            time.sleep(0.05)
        _until_both_are_ready(client)
        assert ask(client, question).status_code == httpx.codes.OK
        assert len(_workers(server)) == len(workers)
