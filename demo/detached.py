"""`--detach`: the demo goes on in a session of its own, and the caller returns once it is ready."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

_READY = b"ready"


def run_detached(arguments: Sequence[str]) -> int:
    """Starts the demo detached, shows its output until it is ready, and returns its exit code (0: ready)."""
    listening, telling = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "parcours", *arguments, "--ready-descriptor", str(telling)],
        pass_fds=[telling],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(telling)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    with os.fdopen(listening, "rb") as pipe:
        if pipe.read() == _READY:
            return 0
    return process.wait(60) or 1


def tell_ready(descriptor: int, log_file: Path) -> None:
    """Lets the waiting caller return; from now on this process writes to its log instead of the caller's terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.write(descriptor, _READY)
    os.close(descriptor)
