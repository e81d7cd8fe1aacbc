"""`parcours serve api`."""

from typing import Annotated

import typer


def register(serve: typer.Typer) -> None:
    """Adds the command that runs the GraphQL API."""
    serve.command("api")(_serve_api)


def _serve_api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
) -> None:
    """Run the profile API: GraphQL over HTTP, WebSockets and event streams, GraphiQL, health, metrics."""
    from profile_api.http.serve import serve

    serve(host=host, port=port, workers=workers)
