"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

import typer

import profile_api.access.cli as access
import profile_api.audit.cli as audit
import profile_api.http.cli as http
import profile_api.ingest.cli as ingest
import profile_api.rescoring.cli as rescoring
import profile_api.store.cli as store


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    ingest.register(app)
    access.register(app)
    audit.register(app)
    http.register(serve)
    rescoring.register(serve)
    store.register(app)
