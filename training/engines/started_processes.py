"""Where processes started on the way say what nobody asked them: a file, which stays when something went wrong."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

_STDOUT, _STDERR = 1, 2


@contextmanager
def log_file(name: str) -> Iterator[IO[bytes]]:
    """A file that is gone after the block, unless the block fails."""
    with tempfile.NamedTemporaryFile(prefix=f"parcours-{name}-", suffix=".log", delete=False) as log:
        yield log
    Path(log.name).unlink()


@contextmanager
def words_to(log: IO[bytes]) -> Iterator[None]:
    """Processes started meanwhile write there, for ever, what they would write to this process's stdout and stderr:
    Java and LightGBM say much at their start, among the results and across the progress bars."""
    with ExitStack() as later:
        for own in (_STDOUT, _STDERR):
            (sys.stdout if own == _STDOUT else sys.stderr).flush()
            kept = os.dup(own)
            later.callback(os.close, kept)
            later.callback(os.dup2, kept, own)
            os.dup2(log.fileno(), own)
        yield
