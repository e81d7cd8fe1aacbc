"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

from typing import Annotated

import typer


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    serve.command("scoring")(serve_scoring)


def serve_scoring(
    host: Annotated[str | None, typer.Option(help="Address to listen on [PARCOURS_SCORING_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [PARCOURS_SCORING_PORT].")] = None,
    models: Annotated[
        str | None, typer.Option(help="A model set directory, instead of a registry [PARCOURS_SCORING_MODELS].")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(help="Worker processes, one per core to use [PARCOURS_SCORING_PROCESSES].")
    ] = None,
) -> None:
    """Serve predictions over HTTP from the models behind the registry's champion alias."""
    from scoring.server import load_settings, serve

    serve(load_settings(host=host, port=port, models=models, processes=processes))
