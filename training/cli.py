"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from training.engines.names import EngineName
from training.options import AsOf, Engine, Json, Mapping, Seed


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    from training import life_cli

    app.command("train")(train)
    app.command("predict")(predict)
    app.command("evaluate")(evaluate)
    life_cli.register(app)


def train(
    orders: Annotated[Path | None, typer.Option(help="An order file; without it, the facts in the database.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Use facts before this date only; now, or when they end, if left out.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Days the models look ahead; from the brand's rhythm when left out.", min=1)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the model set; required with --orders.")] = None,
    mapping: Mapping = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the order file.")] = "UTC",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rows and trees: a first look.")] = False,
    tune_seconds: Annotated[
        float | None, typer.Option(help="Time to look for a better recipe, such as 90; none if left out.", min=0)
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="recipe.json of an earlier run: trains by it, without tuning.")
    ] = None,
    seed: Seed = 1,
    engine: Engine = EngineName.LOCAL,
    promote: Annotated[
        bool, typer.Option(help="Put the models in charge if they pass the gate (training from the database).")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the gate says; the log keeps that.")] = False,
    as_json: Json = False,
) -> None:
    """Train churn, next purchase and value together, from the database or from an order file."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from training.commands import train_from_orders
    from training.console import print_trained, print_training, steps
    from training.engines.opening import open_engine
    from training.given import UsageError, new_folder, read_as_of, read_mapping, read_recipe, refuse_idle
    from training.tuning import Tuner

    now = datetime.now(UTC)
    chosen, tune_s = read_recipe(recipe, quick=quick, tune_seconds=tune_seconds)
    if orders is None:
        refuse_idle({"--out": out, "--map": mapping}, "without --orders, for the database's models go to the registry")
        from training.registry.trainings import Order, train_from_database
        from training.settings import load_settings

        with open_engine(engine) as opened, steps(quiet=as_json) as progress:
            order = Order(
                as_of=read_as_of(as_of, time_zone, now=now) if as_of else now, horizon_days=horizon,
                recipe=replace(chosen, engine=opened), seed=seed, tune_s=tune_s, force=force, promote=promote,
                until_facts_end=as_of is None,
            )  # fmt: skip
            training = train_from_database(load_settings(), order, progress=progress)
        print_training(training, as_json=as_json)
        return
    refuse_idle(
        {"--force": force, "--no-promote": not promote}, "with --orders, for a file's models are not registered"
    )
    if out is None or as_of is None:
        raise UsageError("with --orders, give --as-of DATE and --out FOLDER too")
    instant = read_as_of(as_of, time_zone, now=now)
    with open_engine(engine) as opened, steps(quiet=as_json) as progress:
        trained = train_from_orders(
            orders, as_of=instant, horizon_days=horizon, out=new_folder(out),
            mapping=read_mapping(mapping or []), time_zone=time_zone,
            recipe=replace(chosen, engine=opened), seed=seed, now=now,
            tuner=Tuner(seconds=tune_s, seed=seed, progress=progress), progress=progress,
        )  # fmt: skip
    print_trained(trained, out, as_json=as_json)


def predict(
    orders: Annotated[Path, typer.Option(help="The order file.")],
    models: Annotated[Path, typer.Option(help="A model set, as `parcours train --out` writes it.")],
    as_of: AsOf,
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    horizon: Annotated[
        int | None, typer.Option(help="Days to look ahead; those the models were trained for when left out.", min=1)
    ] = None,
    mapping: Mapping = None,
    engine: Engine = EngineName.LOCAL,
    as_json: Json = False,
) -> None:
    """Predict every customer of an order file with a model set: no server, no database."""
    from datetime import UTC, datetime

    from scoring.engine import load_model_set
    from training.commands import predict_from_orders
    from training.console import print_result, steps
    from training.engines.opening import open_engine
    from training.given import new_folder, read_as_of, read_mapping

    now = datetime.now(UTC)
    instant = read_as_of(as_of, load_model_set(models).spec.time_zone, now=now)
    new_folder(out.parent)
    with open_engine(engine) as opened, steps(quiet=as_json) as progress:
        rows = predict_from_orders(
            orders, models=models, as_of=instant, horizon_days=horizon, out=out,
            mapping=read_mapping(mapping or []), now=now, progress=progress, engine=opened,
        )  # fmt: skip
    print_result({"rows": rows, "out": str(out)}, f"{rows:,} customers predicted: {out}", as_json=as_json)


def evaluate(
    orders: Annotated[
        Path | None, typer.Option(help="An order file that reaches beyond what is judged; without it, the database.")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="A model set folder to judge by what followed its as-of.")] = None,
    model_set: Annotated[
        str | None, typer.Option(help="A registered model set to judge; with the database, the champion if left out.")
    ] = None,
    backtest: Annotated[bool, typer.Option("--backtest", help="Train at several past moments and judge each.")] = False,
    folds: Annotated[int, typer.Option(help="Moments of the backtest, a horizon apart.", min=1, max=12)] = 3,
    held_out: Annotated[
        bool, typer.Option(help="A backtest's newest fold also on customers never seen in training.")
    ] = True,
    full: Annotated[bool, typer.Option("--full", help="Backtest by the full recipe instead of the quick one.")] = False,
    until: Annotated[
        str | None, typer.Option(help="Follow the orders until this date; to their last day if left out.")
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="Days ahead; from the brand's rhythm if left out.", min=1)] = None,
    report: Annotated[Path, typer.Option(help="The HTML page to write.")] = Path("evaluation.html"),
    log: Annotated[bool, typer.Option(help="Log the figures and the page to MLflow too.")] = True,
    mapping: Mapping = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the order file.")] = "UTC",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Judge models by what came after: every measure with its interval, by stage and channel, beside the baseline."""
    from datetime import UTC, datetime

    from training.commands import Evaluation, evaluate_source
    from training.console import print_folds, steps
    from training.given import new_folder, read_instant, read_mapping, refuse_idle
    from training.recipe import FULL, QUICK
    from training.settings import load_settings

    if not backtest:
        refuse_idle(
            {"--horizon": horizon, "--full": full, "--no-held-out": not held_out},
            "without --backtest, for a trained set is judged as it is",
        )
    wanted = Evaluation(
        orders=orders, models=models, model_set=model_set, is_backtest=backtest,
        until=read_instant(until, time_zone) if until else None, horizon_days=horizon, folds=folds, held_out=held_out,
        recipe=FULL if full else QUICK, seed=seed, mapping=read_mapping(mapping or []), time_zone=time_zone,
    )  # fmt: skip
    new_folder(report.parent)
    with steps(quiet=as_json) as progress:
        found = evaluate_source(
            load_settings(), wanted, report=report, log=log, now=datetime.now(UTC), progress=progress
        )
    print_folds(found, report, as_json=as_json)
