"""One timed run against one server: wrk as the load generator, and the CPU that server, database and wrk used.

wrk, because a generator in Python would need as much of the core it shares with the database as the database does.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.graphql.servers import Server

_SCRIPT = Path(__file__).with_name("load.lua")
_TICK = os.sysconf("SC_CLK_TCK")
_SETTLE_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run gave. CPU is per request, in microseconds."""

    rps: float
    p50_ms: float
    p99_ms: float
    failures: int
    bytes_per_answer: float
    server_cpu_us: float
    database_cpu_us: float
    load_cpu_us: float


def required_tool() -> None:
    """Fails early, and says what to do, where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("the load generator wrk is not installed: `apt-get install wrk`, `brew install wrk`")


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, its children, and those of its children that ended."""
    total = 0.0
    for one in (pid, *children(pid)):
        with suppress(OSError):
            user, system, user_of_ended, system_of_ended = _stat(one)[11:15]
            total += int(user) + int(system) + int(user_of_ended) + int(system_of_ended)
    return total / _TICK


def children(pid: int) -> list[int]:
    """All processes below this one."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            below.setdefault(int(_stat(int(path.name))[1]), []).append(int(path.name))
    found, looked_at = [pid], 0
    while looked_at < len(found):
        found += below.get(found[looked_at], [])
        looked_at += 1
    return found[1:]


def _stat(pid: int) -> list[str]:
    """The fields after the program's name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def write_bodies(file: Path, query: str, given: Iterable[dict[str, Any]]) -> None:
    """The request bodies of one operation, a line each."""
    lines = (json.dumps({"query": query, "variables": variables}) for variables in given)
    file.write_text("\n".join(lines) + "\n")


def measure(
    server: Server, bodies: Path, *, clients: int, seconds: int, database_pid: int, cores: set[int], start: int
) -> Load:
    """So many clients, each sending its next request when the last is answered; `start` is the number of the first."""
    before, database_before = cpu_s(server.process.pid), cpu_s(database_pid)
    command = ["wrk", "--threads=1", f"--connections={clients}", f"--duration={seconds}s", "--timeout=30s"]
    run = subprocess.Popen(
        [*command, f"--script={_SCRIPT}", server.url, "--", os.fspath(bodies), server.token or "-", str(start)],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    assert run.stdout is not None
    said = run.stdout.read()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"wrk failed with {run.returncode}: {said.decode()}")
    result: dict[str, float] = json.loads(said.splitlines()[-1])
    count = max(result["requests"], 1)
    load = Load(
        rps=result["requests"] / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        failures=int(result["failures"]),
        bytes_per_answer=result["bytes"] / count,
        server_cpu_us=(cpu_s(server.process.pid) - before) / count * 1e6,
        database_cpu_us=(cpu_s(database_pid) - database_before) / count * 1e6,
        load_cpu_us=(usage.ru_utime + usage.ru_stime) / count * 1e6,
    )
    _settle(server)
    return load


def _settle(server: Server) -> None:
    """Waits until a server is done with what its clients no longer wait for: it would take the next one's core."""
    give_up_at = time.monotonic() + _SETTLE_WITHIN_S
    while time.monotonic() < give_up_at:
        before = cpu_s(server.process.pid)
        time.sleep(0.1)
        if cpu_s(server.process.pid) - before < 0.02:
            return
