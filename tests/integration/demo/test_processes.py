"""Services as child processes: started, watched, and never left behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from demo.errors import AlreadyRunningError, PortTakenError, ServiceFailedError
from demo.home import DemoSettings, Home, open_home, read_json
from demo.processes import (
    Service,
    Supervisor,
    find_running_demo,
    only_demo,
    raise_if_ports_taken,
    stop_recorded_processes,
)
from tests.ports import free_port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(DemoSettings(home=tmp_path))


@pytest.fixture
def supervisor(home: Home) -> Iterator[Supervisor]:
    services = Supervisor(home)
    yield services
    services.stop()


def python(code: str, *, name: str = "one", port: int | None = None) -> Service:
    url = f"http://127.0.0.1:{port}/" if port else None
    return Service(name=name, command=(sys.executable, "-c", code), port=port, health_url=url)


def web_server(port: int) -> Service:
    url = f"http://127.0.0.1:{port}/"
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    return Service(name="web", command=command, port=port, health_url=url)


def eventually(holds: Callable[[], bool], *, seconds: float = 20) -> bool:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if holds():
            return True
        time.sleep(0.05)
    return False


def is_gone(process: psutil.Process) -> bool:
    """Whether it runs no more; an orphan may stay a zombie where nobody reaps it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def recorded_pid(home: Home, name: str) -> int:
    return int(read_json(home.processes_file)["services"][name]["pid"])


def test_a_service_is_waited_for_until_it_answers_and_is_gone_after_stop(home: Home, supervisor: Supervisor) -> None:
    supervisor.start(web_server(free_port()))
    supervisor.wait_healthy(["web"], timeout_s=30)
    family = psutil.Process(recorded_pid(home, "web"))
    everyone = [family, *family.children(recursive=True)]
    supervisor.stop()
    assert all(is_gone(process) for process in everyone)
    assert not home.processes_file.exists()


def test_a_service_that_ends_while_starting_is_reported_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start(python("print('no such model'); raise SystemExit(3)", port=free_port()))
    with pytest.raises(ServiceFailedError, match=r"(?s)exit code 3.*no such model"):
        supervisor.wait_healthy(["one"], timeout_s=30)


def test_a_service_that_never_answers_is_given_up_on(supervisor: Supervisor) -> None:
    supervisor.start(python("import time; time.sleep(60)", port=free_port()))
    with pytest.raises(ServiceFailedError, match="was not healthy after 0 s"):
        supervisor.wait_healthy(["one"], timeout_s=0.5)


def test_a_service_that_ends_later_is_started_again_but_not_for_ever(supervisor: Supervisor) -> None:
    said: list[str] = []
    supervisor.start(python("pass"))
    with pytest.raises(ServiceFailedError, match="exit code 0"):
        supervisor.watch(report=said.append)
    assert len(said) == 3


def test_a_service_that_ignores_the_request_to_end_is_killed(home: Home, supervisor: Supervisor) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    supervisor.start(python(stubborn))
    assert eventually(lambda: "ready" in home.log("one").read_text())
    stubborn_one = psutil.Process(recorded_pid(home, "one")).children()[0]
    supervisor.stop(patience_s=0.5)
    assert is_gone(stubborn_one)


def test_services_and_their_children_die_with_a_starter_that_is_killed(home: Home) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(home.folder)], stdout=subprocess.DEVNULL)
    assert eventually(lambda: "grandchild" in home.log("one").read_text() if home.log("one").exists() else False)
    tied = psutil.Process(recorded_pid(home, "one"))
    family = [tied, *tied.children(recursive=True)]
    assert len(family) == 3
    starter.send_signal(signal.SIGKILL)
    starter.wait(10)
    assert eventually(lambda: all(is_gone(process) for process in family))


def test_what_a_killed_demo_left_in_its_records_is_not_taken_for_a_running_one(home: Home) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(home.folder)], stdout=subprocess.DEVNULL)
    assert eventually(lambda: find_running_demo(home) == starter.pid)
    starter.kill()
    starter.wait(10)
    assert find_running_demo(home) is None
    stop_recorded_processes(home)
    assert not home.processes_file.exists()


def test_two_demos_do_not_share_a_state_folder_even_when_begun_together(home: Home) -> None:
    with only_demo(home), pytest.raises(AlreadyRunningError, match="already running"), only_demo(home):
        pass
    with only_demo(home):
        pass


def test_a_port_another_program_holds_is_named() -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        try:
            assert eventually(lambda: taken(port))
            with pytest.raises(PortTakenError, match=rf"{port} \(scoring\).*--port-base"):
                raise_if_ports_taken({port: "scoring"})
        finally:
            other.terminate()


def taken(port: int) -> bool:
    try:
        raise_if_ports_taken({port: "it"})
    except PortTakenError:
        return True
    return False


STARTER = """
import sys, time
from demo.home import DemoSettings, open_home
from demo.processes import Service, Supervisor
from pathlib import Path

sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
grandchild = f"import subprocess; print('grandchild', flush=True); subprocess.run({sleep})"
services = Supervisor(open_home(DemoSettings(home=Path(sys.argv[1]))))
services.start(Service(name="one", command=(sys.executable, "-c", grandchild)))
time.sleep(60)
"""
