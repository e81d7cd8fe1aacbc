"""The commands that accompany trained models through their life. Like `training.cli`: heavy imports inside."""

from pathlib import Path
from typing import Annotated

import typer

from training.options import RESULT, TRAINING, Json, Log, Quick, Seed, TuneSeconds

_WHEN = "When"
REFUSED, ALERT, RUNNING_ELSEWHERE = 3, 4, 5
"""Exit codes that a scheduler may tell apart; 1 is an error, 2 a wrong call."""


def register(app: typer.Typer) -> None:
    """Adds these commands to the command tree."""
    app.command("compare")(compare)
    app.command("promote")(promote)
    app.command("rollback")(rollback)
    app.command("register")(register_model)
    app.command("card")(card)
    app.command("who-scored")(who_scored)
    app.command("monitor")(monitor)
    app.command("retrain")(retrain)


def compare(as_json: Json = False) -> None:
    """List the registered model sets, the newest first: what each promised, beside the baseline and the champion."""
    from training.registry.registered_sets import describe_sets
    from training.set_table import print_sets
    from training.settings import load_settings

    print_sets(describe_sets(load_settings()), as_json=as_json)


def promote(
    model_set: Annotated[str | None, typer.Argument(help="A model set's name; the challenger when left out.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although the gate refused it or has not judged it; the log keeps that.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a registered model set in charge; the scoring service follows without a restart."""
    from training.console import print_result
    from training.registry.changeover import promote_set
    from training.settings import load_settings

    registered = promote_set(load_settings(), model_set, force=force)
    found = {"model_set": registered.model_set, "versions": dict(registered.versions)}
    print_result(found, f"model set {registered.model_set} is the champion", as_json=as_json)


def rollback(as_json: Json = False) -> None:
    """Put the model set back in charge that the present champion replaced; again, the one before that."""
    from training.console import print_result
    from training.registry.changeover import roll_back
    from training.settings import load_settings

    registered = roll_back(load_settings())
    found = {"model_set": registered.model_set, "versions": dict(registered.versions)}
    print_result(found, f"rolled back: model set {registered.model_set} is the champion", as_json=as_json)


def register_model(
    kind: Annotated[str, typer.Argument(help="What it predicts: churn, next_purchase or value.")],
    uri: Annotated[
        str, typer.Argument(help="The MLflow model, such as models:/team_churn/3 or models:/team_churn@ok.")
    ],
    base: Annotated[str | None, typer.Option(help="The model set it joins; the champion when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Register a team's own MLflow model (LightGBM or pyfunc) in the place of one of ours, as challenger."""
    from training.console import print_result
    from training.given import read_kind
    from training.registry.custom import register_custom
    from training.settings import load_settings

    found = register_custom(load_settings(), uri, read_kind(kind), base=base)
    facts = {
        "model_set": found.registered.model_set, "versions": dict(found.registered.versions), "base": found.base,
        "flavor": str(found.plug_in.flavor), "inputs": len(found.plug_in.inputs),
    }  # fmt: skip
    sentence = (
        f"model set {found.registered.model_set}: {kind} by {uri}, the rest as in {found.base}; it is the challenger. "
        f"Let it answer in shadow, or promote it: parcours promote --force {found.registered.model_set}"
    )
    print_result(facts, sentence, as_json=as_json)


def card(
    model_set: Annotated[str | None, typer.Argument(help="A model set's name; the champion when left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for all its pages, the rehearsal's report included.")] = None,
) -> None:
    """Print a model card: purpose, data, measures with intervals, calibration, fairness, limits, privacy."""
    import sys

    from training.registry.registered_sets import fetch_pages
    from training.settings import load_settings

    text, pages = fetch_pages(load_settings(), model_set, out)
    sys.stdout.write(text)
    if pages is not None:
        sys.stderr.write(f"pages: {pages}\n")


def who_scored(
    customer: Annotated[str, typer.Argument(help="The customer's id as GraphQL gives it, such as cus_7.")],
    on: Annotated[str, typer.Option(help="A day of the brand's calendar, such as 2026-11-15.")],
    as_json: Json = False,
) -> None:
    """Tell which model sets' predictions of a customer were in force on a day, and who had put them in charge."""
    from training.console import print_scored_by
    from training.given import read_customer, read_day
    from training.registry.model_record import who_scored as find
    from training.settings import database_url, load_settings

    settings = load_settings()
    found = find(database_url(settings), settings.tenant, read_customer(customer), read_day(on))
    print_scored_by(found, customer, as_json=as_json)


def monitor(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the page and its JSON; under PARCOURS_HOME/reports if left out.", rich_help_panel=RESULT
        ),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        typer.Option(help="Write the figures for a node exporter's textfile collector.", rich_help_panel=RESULT),
    ] = None,
    log: Log = True,
    as_json: Json = False,
) -> None:
    """Judge the champion's stored predictions by what came, and look for drift. Exit code 4: an alert."""
    from datetime import UTC, datetime

    from training.commands.monitoring import monitor_champion
    from training.console import print_observation, steps
    from training.settings import load_settings

    settings = load_settings()
    with steps(quiet=as_json) as progress:
        seen, page = monitor_champion(settings, out=out, log=log, now=datetime.now(UTC), progress=progress)
    print_observation(seen, page, as_json=as_json)
    from training.monitoring.alerts import announce

    announce(seen, webhook=settings.alert_webhook, metrics_file=metrics_file)
    if seen.is_alert:
        raise typer.Exit(ALERT)


def retrain(
    max_age_days: Annotated[
        int, typer.Option(help="Train when the champion's data is older.", min=1, rich_help_panel=_WHEN)
    ] = 28,
    patience_days: Annotated[
        int, typer.Option(help="Wait so long after any training, good or bad.", min=0, rich_help_panel=_WHEN)
    ] = 7,
    now: Annotated[bool, typer.Option("--now", help="Whether it is due or not.", rich_help_panel=_WHEN)] = False,
    quick: Quick = False,
    tune_seconds: TuneSeconds = None,
    horizon: Annotated[
        int | None,
        typer.Option(help="Days ahead; as far as the champion if left out.", min=1, rich_help_panel=TRAINING),
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Train, judge and promote when it is due (age, alert of `monitor`, new features): for a scheduler, every night.

    Exit code 0: nothing was due, or the new set is the champion; 3: the gate refused it; 5: another one is running.
    """
    from datetime import UTC, datetime, timedelta

    from training.console import print_retraining, steps
    from training.given import read_recipe
    from training.registry.trainings import Order
    from training.retraining import Outcome, Policy
    from training.retraining import retrain as train_again
    from training.settings import load_settings

    recipe, tune_s = read_recipe(None, quick=quick, tune_seconds=tune_seconds)
    order = Order(as_of=datetime.now(UTC), horizon_days=horizon, recipe=recipe, seed=seed, tune_s=tune_s)
    policy = Policy(max_age=timedelta(days=max_age_days), patience=timedelta(days=patience_days))
    with steps(quiet=as_json) as progress:
        found = train_again(load_settings(), policy, order, is_forced=now, progress=progress)
    print_retraining(found, as_json=as_json)
    if found.outcome in (Outcome.REFUSED, Outcome.RUNNING_ELSEWHERE):
        raise typer.Exit(REFUSED if found.outcome is Outcome.REFUSED else RUNNING_ELSEWHERE)
