"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

import typer

import profile_api.ingest.cli as ingest


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    ingest.register(app)
