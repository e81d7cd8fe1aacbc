"""Starts services as child processes, waits until they answer, and stops them: knows processes, not what they do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from demo.errors import AlreadyRunningError, PortTakenError, ServiceFailedError
from demo.home import Home, read_json, write_private_json
from machine.locked_file import HeldElsewhereError, locked

_LOOK_EVERY_S = 0.1
_STOP_PATIENCE_S = 12.0
_KILLED_WITHIN_S = 10.0
_RESTARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A command to keep running; `health_url` answers 200 once it can work (None: being alive is enough)."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    health_url: str | None = None


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    restarts: int = 0


class Supervisor:
    """The services of one demo. They end with this process, even when it is killed (see `demo.tied`)."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._running: dict[str, _Running] = {}

    def start(self, service: Service) -> None:
        """Starts a service and returns at once; its output goes to its log."""
        log = self._home.log(service.name)
        self._running[service.name] = _Running(service, spawn_in_session(service, log), log)
        self.record()

    def wait_healthy(self, names: Iterable[str], *, timeout_s: float) -> None:
        """Returns when every named service answers; raises when one ends, or does not answer in time."""
        waiting = [self._running[name] for name in names]
        give_up_at = time.monotonic() + timeout_s
        with httpx.Client(timeout=2.0, trust_env=False) as client:
            while waiting:
                for running in waiting:
                    _raise_if_ended(running)
                problems = {running.service.name: _health_problem(client, running.service) for running in waiting}
                waiting = [running for running in waiting if problems[running.service.name]]
                if waiting and time.monotonic() > give_up_at:
                    slow = waiting[0]
                    what = f"was not healthy after {timeout_s:.0f} s ({problems[slow.service.name]})"
                    raise ServiceFailedError(service=slow.service.name, what=what, log=slow.log)
                if waiting:
                    time.sleep(_LOOK_EVERY_S)

    def watch(self, *, report: Callable[[str], None]) -> None:
        """Keeps the services running until the caller is interrupted; restarts one that ends, a few times."""
        while True:
            for running in self._running.values():
                if running.process.poll() is not None:
                    self._restart(running, report)
            time.sleep(1.0)

    def _restart(self, running: _Running, report: Callable[[str], None]) -> None:
        if running.restarts >= _RESTARTS:
            _raise_if_ended(running)
        report(f"{running.service.name} ended with exit code {running.process.returncode}; starting it again")
        running.restarts += 1
        running.process = spawn_in_session(running.service, running.log)
        self.record()

    def stop(self, *, patience_s: float = _STOP_PATIENCE_S) -> None:
        """Ends all services, the last started first; kills what does not end in time."""
        stop_sessions([running.process for running in reversed(self._running.values())], patience_s=patience_s)
        self._running.clear()
        self._home.processes_file.unlink(missing_ok=True)

    def record(self) -> None:
        """Writes down which processes run, for `parcours down` and `parcours doctor`."""
        services = {
            name: {**_identity(running.process.pid), **_seen(running)} for name, running in self._running.items()
        }
        write_private_json(self._home.processes_file, {**_identity(os.getpid()), "services": services})


def _seen(running: _Running) -> dict[str, Any]:
    return {"port": running.service.port, "health_url": running.service.health_url, "log": str(running.log)}


def raise_if_ports_taken(ports: Mapping[int, str]) -> None:
    """Tells at once which ports another program holds, instead of five services failing one by one."""
    taken = {port: name for port, name in ports.items() if is_listening(port)}
    if taken:
        raise PortTakenError(taken)


def is_listening(port: int) -> bool:
    """Whether any program on this machine accepts connections at the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def only_demo(home: Home) -> Iterator[None]:
    """Keeps the state folder to this process, however it ends. Errors: AlreadyRunningError."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(home.folder / "demo.lock", within_s=0))
        except HeldElsewhereError as error:
            raise AlreadyRunningError(pid=find_running_demo(home), home=home.folder) from error
        yield


def find_running_demo(home: Home) -> int | None:
    """The process id of the demo running on this state folder; None when there is none."""
    process = _recorded_process(read_json(home.processes_file))
    return process.pid if process else None


def stop_recorded_processes(home: Home) -> list[str]:
    """Ends the recorded demo and whatever it left behind; returns the names of what was still running."""
    record = read_json(home.processes_file)
    services = {name: _recorded_process(entry) for name, entry in record.get("services", {}).items()}
    alive = [name for name, process in services.items() if process]
    demo = _recorded_process(record)
    if demo:
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            demo.terminate()
            demo.wait(_STOP_PATIENCE_S + 10)
    left = [process for process in services.values() if process and process.is_running()]
    families = [one for process in left for one in _family_of(process.pid)]
    for process in left:
        _signal_session(process.pid, signal.SIGKILL)
    if demo and demo.is_running():
        demo.kill()
    _wait_until_gone(families)
    home.processes_file.unlink(missing_ok=True)
    return alive


def spawn_in_session(service: Service, log: Path, *, output: Path | None = None) -> subprocess.Popen[bytes]:
    """Starts a command in a session of its own that ends with this process.

    What it says goes to the end of the log; with `output`, its standard output replaces that file instead.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        said = files.enter_context(log.open("ab"))
        return subprocess.Popen(  # the command lines are this package's own
            [sys.executable, "-m", "demo.tied", *service.command],
            stdin=subprocess.DEVNULL,
            stdout=files.enter_context(output.open("wb")) if output else said,
            stderr=said,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
            start_new_session=True,
        )


def stop_sessions(leaders: Sequence[subprocess.Popen[bytes]], *, patience_s: float) -> None:
    """Asks sessions to end, then kills what is left of them; returns when nothing of them runs any more."""
    families = [one for leader in leaders for one in _family_of(leader.pid)]
    for leader in leaders:
        _signal_session(leader.pid, signal.SIGTERM)
    give_up_at = time.monotonic() + patience_s
    for leader in leaders:
        with suppress(subprocess.TimeoutExpired):
            leader.wait(max(0.1, give_up_at - time.monotonic()))
        _signal_session(leader.pid, signal.SIGKILL)
        leader.wait(_KILLED_WITHIN_S)
    _wait_until_gone(families)


def _health_problem(client: httpx.Client, service: Service) -> str | None:
    if service.health_url is None:
        return None
    try:
        response = client.get(service.health_url)
    except httpx.HTTPError as error:
        return f"no answer: {type(error).__name__}"
    if response.status_code == httpx.codes.OK:
        return None
    return f"its health check says {response.status_code}: {response.text[:300]}"


def _raise_if_ended(running: _Running) -> None:
    code = running.process.poll()
    if code is not None:
        raise ServiceFailedError(service=running.service.name, what=f"ended with exit code {code}", log=running.log)


def _signal_session(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _family_of(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _wait_until_gone(processes: Iterable[psutil.Process]) -> None:
    """A killed process holds its ports for a moment more."""
    give_up_at = time.monotonic() + _KILLED_WITHIN_S
    while any(_runs(process) for process in processes) and time.monotonic() < give_up_at:
        time.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    """A zombie, which stays where nobody asks how an orphan ended, does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _identity(pid: int) -> dict[str, Any]:
    # A process id is used again after a while; together with its start time it is unique.
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def _recorded_process(entry: Mapping[str, Any]) -> psutil.Process | None:
    try:
        process = psutil.Process(int(entry["pid"]))
        return process if abs(process.create_time() - float(entry["started"])) < 1 else None
    except (KeyError, psutil.NoSuchProcess):
        return None
