"""How this package's inner loops are compiled: without Python's lock, dividing as numpy does, kept on disk.

What is kept counts only for these very sources: numba itself looks no further than the one file of a function, though
machine code holds what was inlined from others.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

log = logging.getLogger(__name__)

_numba_config: Any = numba.config

_HERE = Path(__file__).parent
_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def compiled(kernel: _Kernel) -> _Kernel:
    """The kernel as machine code, from disk where it was kept before."""
    folder = _folder()
    given, _numba_config.CACHE_DIR = _numba_config.CACHE_DIR, folder or ""
    try:
        return cast(_Kernel, numba.njit(nogil=True, error_model="numpy", cache=folder is not None)(kernel))
    finally:
        _numba_config.CACHE_DIR = given


@cache
def _folder() -> str | None:
    """Where machine code of these sources is kept; None when no place can be written."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))).hexdigest()[:16]
    for base in _places():
        folder = base / f"kernels-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return str(folder)
    log.warning("nowhere to keep compiled code, so every start compiles anew; set NUMBA_CACHE_DIR to a writable folder")
    return None


def _places() -> Iterator[Path]:
    if _numba_config.CACHE_DIR:
        yield Path(_numba_config.CACHE_DIR)
        return
    yield _HERE / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "parcours"
