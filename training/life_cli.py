"""The commands that accompany trained models through their life. Like `training.cli`: heavy imports inside."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli import Json


def register(app: typer.Typer) -> None:
    """Adds these commands to the command tree."""
    app.command("compare")(compare)
    app.command("promote")(promote)
    app.command("rollback")(rollback)
    app.command("card")(card)
    app.command("who-scored")(who_scored)


def compare(as_json: Json = False) -> None:
    """List the registered model sets with their rehearsals' figures, the newest first; the champion is marked."""
    from training.console import print_sets
    from training.registry.lifecycle import describe_sets
    from training.settings import load_settings

    print_sets(describe_sets(load_settings()), as_json=as_json)


def promote(
    model_set: Annotated[str | None, typer.Argument(help="A model set's name; the challenger when left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although the gate refused it; the log keeps that.")] = False,
    as_json: Json = False,
) -> None:
    """Put a registered model set in charge; the scoring service follows without a restart."""
    from training.console import print_result
    from training.registry.lifecycle import promote_challenger, promote_set
    from training.settings import load_settings

    settings = load_settings()
    if model_set is None:
        registered = promote_challenger(settings, force=force)
    else:
        registered = promote_set(settings, model_set, reason="named by hand")
    found = {"model_set": registered.model_set, "versions": dict(registered.versions)}
    print_result(found, f"model set {registered.model_set} is the champion", as_json=as_json)


def rollback(as_json: Json = False) -> None:
    """Put the model set back in charge that the present champion replaced."""
    from training.console import print_result
    from training.registry.lifecycle import roll_back
    from training.settings import load_settings

    registered = roll_back(load_settings())
    found = {"model_set": registered.model_set, "versions": dict(registered.versions)}
    print_result(found, f"rolled back: model set {registered.model_set} is the champion", as_json=as_json)


def card(
    model_set: Annotated[str | None, typer.Argument(help="A model set's name; the champion when left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for all its pages, the rehearsal's report included.")] = None,
) -> None:
    """Print a model card: purpose, data, measures with intervals, calibration, fairness, limits, privacy."""
    import sys

    from training.registry.lifecycle import fetch_pages
    from training.settings import load_settings

    text, pages = fetch_pages(load_settings(), model_set, out)
    sys.stdout.write(text)
    if pages is not None:
        sys.stderr.write(f"pages: {pages}\n")


def who_scored(
    customer: Annotated[int, typer.Argument(help="The customer's number, as in the GraphQL field `id`.")],
    on: Annotated[str, typer.Option(help="A day of the brand's calendar, such as 2026-11-15.")],
    as_json: Json = False,
) -> None:
    """Tell which model sets' predictions of a customer were in force on a day, and who had put them in charge."""
    from training.commands import read_day
    from training.console import print_scored_by
    from training.registry.model_record import who_scored as find
    from training.settings import database_url, load_settings

    settings = load_settings()
    found = find(database_url(settings), settings.tenant, customer, read_day(on))
    print_scored_by(found, customer, as_json=as_json)
