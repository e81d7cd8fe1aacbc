"""`parcours recompute`. Only typer is imported here; the command imports what it needs when it runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `recompute` to the command tree."""
    app.command()(recompute)


def recompute(
    policy: Annotated[
        Path | None,
        typer.Option(help="Put this lifecycle policy file in force first (default: keep the one there is)."),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Whose data it is (default: PARCOURS_TENANT or 'default').")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Recompute life cycles, purchase journeys and metrics of all customers from their facts."""
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.progress import Progress

    from profile_api.settings import database_url, load_settings
    from profile_api.store.recompute import recompute_tenant

    settings = load_settings()
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("recomputing", total=None)
        summary = recompute_tenant(
            database_url(settings),
            tenant or settings.tenant,
            now=datetime.now(UTC),
            policy_file=policy,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
        return
    typer.echo(f"{summary.customers:,} customers, {summary.transitions:,} stage transitions")
    typer.echo(f"{summary.changed_transitions:,} of them new or altered, under policy {summary.policy_version}")
