"""One process at a time, by a lock on a file: the operating system lifts it when the process ends, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from customer.errors import ParcoursError

_LOOK_EVERY_S = 0.1


class HeldElsewhereError(ParcoursError):
    """Another process holds the lock for longer than the caller waits."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"another process holds {str(file)!r}; wait until it has ended, or end it")


@contextmanager
def locked(file: Path, *, within_s: float) -> Iterator[None]:
    """Waits for its turn and keeps it until the block ends; the file stays, empty. Errors: HeldElsewhereError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + within_s
    with file.open("a") as opened:
        while not _has_turn(opened.fileno()):
            if time.monotonic() >= give_up_at:
                raise HeldElsewhereError(file)
            time.sleep(_LOOK_EVERY_S)
        yield


def _has_turn(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
