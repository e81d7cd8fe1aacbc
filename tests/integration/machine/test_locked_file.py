"""A lock is held by one at a time and ends with whoever held it."""

import subprocess
import sys
from pathlib import Path

import pytest

from machine.locked_file import HeldElsewhereError, locked

_HOLDER = """
import sys, time
from pathlib import Path
from machine.locked_file import locked
with locked(Path(sys.argv[1]), within_s=0):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_held_by_another_process_is_waited_for_no_longer_than_told(tmp_path: Path) -> None:
    file = tmp_path / "new" / "lock"
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(file)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(HeldElsewhereError, match="another process holds"), locked(file, within_s=0.15):
            pass
        holder.kill()
    with locked(file, within_s=0):
        pass


def test_a_lock_ends_with_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "lock", within_s=0):
            pass
