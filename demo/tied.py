"""Runs a command that must not outlive whoever started it: `python -m demo.tied COMMAND…`, standard library only.

The starter puts this process in a session of its own. When the starter disappears, however abruptly, everything in
that session is told to end, grandchildren included, and is killed when it does not.
"""

import os
import signal
import subprocess
import sys
import time

_LOOK_EVERY_S = 0.5
_PATIENCE_S = 8.0


def run_tied(command: list[str]) -> int:
    """The command's exit code; 128 + the signal's number when a signal ended it."""
    starter = os.getppid()
    # Signals meant for the session reach the command directly; this process only waits for it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    process = subprocess.Popen(command)
    while True:
        try:
            code = process.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != starter:
                _end_session(process)
            continue
        return code if code >= 0 else 128 - code


def _end_session(process: subprocess.Popen[bytes]) -> None:
    os.killpg(0, signal.SIGTERM)
    give_up_at = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < give_up_at:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(run_tied(sys.argv[1:]))
