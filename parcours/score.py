"""`parcours score`: the one command that joins the profile database and the models, over HTTP or in one process."""

from typing import Annotated

import typer


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("score")(score)


def score(
    as_of: Annotated[
        str | None,
        typer.Option(
            help="The instant to look from: an ISO date (its midnight where the brand is) or time; now if left out."
        ),
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Load the models here instead of calling the scoring service.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score all customers in batch and store their predictions."""
    import asyncio

    from parcours.score_batch import score_tenant
    from parcours.score_report import print_report

    report, seconds = asyncio.run(score_tenant(as_of=as_of, in_process=in_process, show_progress=not as_json))
    print_report(report, seconds=seconds, as_json=as_json)
