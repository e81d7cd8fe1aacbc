"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

from pathlib import Path

import typer

from training import options as of
from training.engines.names import EngineName


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    from training import life_cli

    app.command("train")(train)
    app.command("predict")(predict)
    app.command("evaluate")(evaluate)
    life_cli.register(app)


def train(
    orders: of.Orders = None, as_of: of.KnownBefore = None, mapping: of.Mapping = None, time_zone: of.TimeZone = None,
    horizon: of.Horizon = None, quick: of.Quick = False, tune_seconds: of.TuneSeconds = None,
    recipe: of.RecipeFile = None, seed: of.Seed = 1, engine: of.Engine = EngineName.LOCAL, out: of.ModelsOut = None,
    promote: of.Promote = True, force: of.Force = False, as_json: of.Json = False,
) -> None:  # fmt: skip
    """Train churn, next purchase and value together, from the database or from an order file."""
    from datetime import UTC, datetime

    from training.commands.training import TrainCall, train_by_database, train_by_file
    from training.console import print_trained, print_training, steps
    from training.given import read_recipe
    from training.settings import load_settings

    now = datetime.now(UTC)
    chosen, tune_s = read_recipe(recipe, quick=quick, tune_seconds=tune_seconds)
    call = TrainCall(
        orders=orders, as_of=as_of, horizon_days=horizon, out=out, mapping=mapping or [], time_zone=time_zone,
        recipe=chosen, tune_s=tune_s, seed=seed, engine=engine, promote=promote, force=force,
    )  # fmt: skip
    call.refuse_what_does_not_fit()
    settings = load_settings()
    with steps(quiet=as_json) as progress:
        if orders is None:
            training = train_by_database(settings, call, now=now, progress=progress)
        else:
            trained = train_by_file(settings, orders, call, now=now, progress=progress)
    if orders is None:
        print_training(training, as_json=as_json)
    else:
        print_trained(trained, out, as_json=as_json)


def predict(
    orders: of.OrderFile, models: of.ModelFolder, as_of: of.AsOf, out: of.PredictionsOut,
    horizon: of.TrainedHorizon = None, mapping: of.Mapping = None, engine: of.Engine = EngineName.LOCAL,
    as_json: of.Json = False,
) -> None:  # fmt: skip
    """Predict every customer of an order file with a model set: no server, no database."""
    from datetime import UTC, datetime

    from scoring.engine import load_model_set
    from training.commands.predicting import predict_from_orders
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
    orders: of.Orders = None, mapping: of.Mapping = None, time_zone: of.TimeZone = None, until: of.Until = None,
    models: of.JudgedFolder = None, model_set: of.JudgedSet = None, backtest: of.Backtest = False,
    folds: of.Folds = None, held_out: of.HeldOut = True, horizon: of.Horizon = None, full: of.Full = False,
    seed: of.Seed = 1, report: of.Report = Path("evaluation.html"), log: of.Log = True, as_json: of.Json = False,
) -> None:  # fmt: skip
    """Judge models by what came after: every measure with its interval, by stage and channel, beside the baseline."""
    from datetime import UTC, datetime

    from training.commands.evaluating import EvaluateCall
    from training.commands.evaluating import evaluate as judged
    from training.console import print_folds, steps
    from training.given import new_folder
    from training.recipe import FULL
    from training.settings import load_settings

    call = EvaluateCall(
        orders=orders, models=models, model_set=model_set, is_backtest=backtest, until=until, horizon_days=horizon,
        folds=folds, held_out=held_out, recipe=FULL if full else None, seed=seed, mapping=mapping or [],
        time_zone=time_zone,
    )  # fmt: skip
    call.refuse_what_does_not_fit()
    new_folder(report.parent)
    with steps(quiet=as_json) as progress:
        found = judged(load_settings(), call, report=report, log=log, now=datetime.now(UTC), progress=progress)
    print_folds(found, report, as_json=as_json)
