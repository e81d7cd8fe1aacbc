"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

AsOf = Annotated[str, typer.Option(help="The first instant not known: an ISO date (its midnight) or time.")]
Mapping = Annotated[list[str] | None, typer.Option("--map", help="theirs=ours: a column of the file under its name.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")]


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    app.command("train")(train)
    app.command("predict")(predict)
    app.command("evaluate")(evaluate)
    app.command("compare")(compare)
    app.command("promote")(promote)
    app.command("rollback")(rollback)


def train(
    orders: Annotated[Path | None, typer.Option(help="An order file; without it, the facts in the database.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Use facts before this date only; now when left out.")] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Days the models look ahead; from the brand's rhythm when left out.", min=1)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the model set; required with --orders.")] = None,
    mapping: Mapping = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the order file.")] = "UTC",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rows and trees: a first look.")] = False,
    seed: Annotated[int, typer.Option(help="The same data, code and seed give the same models.")] = 1,
    promote: Annotated[
        bool, typer.Option(help="Put the models in charge if they pass the gate (training from the database).")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the gate says; the log keeps that.")] = False,
    as_json: Json = False,
) -> None:
    """Train churn, next purchase and value together, from the database or from an order file."""
    from datetime import UTC, datetime

    from training.commands import UsageError, read_instant, read_mapping, train_from_orders
    from training.console import print_trained, print_training, steps
    from training.recipe import FULL, QUICK

    now = datetime.now(UTC)
    if orders is None:
        from training.registry.lifecycle import train_from_database
        from training.settings import load_settings

        with steps(quiet=as_json) as progress:
            training = train_from_database(
                load_settings(), as_of=read_instant(as_of, time_zone) if as_of else now, horizon_days=horizon,
                recipe=QUICK if quick else FULL, seed=seed, force=force, promote=promote, progress=progress,
            )  # fmt: skip
        print_training(training, as_json=as_json)
        return
    with steps(quiet=as_json) as progress:
        if out is None or as_of is None:
            raise UsageError("with --orders, give --as-of DATE and --out FOLDER too")
        trained = train_from_orders(
            orders, as_of=read_instant(as_of, time_zone), horizon_days=horizon, out=out,
            mapping=read_mapping(mapping or []), time_zone=time_zone, quick=quick, seed=seed, now=now,
            progress=progress,
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
    as_json: Json = False,
) -> None:
    """Predict every customer of an order file with a model set: no server, no database."""
    from datetime import UTC, datetime

    from scoring.engine import load_model_set
    from training.commands import predict_from_orders, read_instant, read_mapping
    from training.console import print_result, steps

    zone = load_model_set(models).spec.time_zone
    with steps(quiet=as_json) as progress:
        rows = predict_from_orders(
            orders, models=models, as_of=read_instant(as_of, zone), horizon_days=horizon, out=out,
            mapping=read_mapping(mapping or []), now=datetime.now(UTC), progress=progress,
        )  # fmt: skip
    print_result({"rows": rows, "out": str(out)}, f"{rows:,} customers predicted: {out}", as_json=as_json)


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


def evaluate(
    orders: Annotated[Path, typer.Option(help="The order file; it must reach beyond what is judged.")],
    models: Annotated[Path | None, typer.Option(help="A model set to judge by what followed its as-of.")] = None,
    backtest: Annotated[bool, typer.Option("--backtest", help="Train at several past moments and judge each.")] = False,
    folds: Annotated[int, typer.Option(help="Moments of the backtest, a horizon apart.", min=1, max=12)] = 3,
    until: Annotated[
        str | None, typer.Option(help="Follow the orders until this date; to the file's last day if left out.")
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="Days ahead; from the brand's rhythm if left out.", min=1)] = None,
    report: Annotated[Path, typer.Option(help="The HTML page to write.")] = Path("evaluation.html"),
    log: Annotated[bool, typer.Option(help="Log a backtest to MLflow too.")] = True,
    mapping: Mapping = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the order file.")] = "UTC",
    seed: Annotated[int, typer.Option()] = 1,
    as_json: Json = False,
) -> None:
    """Judge models by what came after: every measure with its interval, by stage and channel, beside the baseline."""
    from datetime import UTC, datetime

    from training.commands import UsageError, evaluate_orders, read_instant, read_mapping
    from training.console import print_folds, steps

    if backtest == (models is not None):
        raise UsageError("give either --models FOLDER, to judge that set, or --backtest")
    now = datetime.now(UTC)
    with steps(quiet=as_json) as progress:
        found = evaluate_orders(
            orders, models=models, until=read_instant(until, time_zone) if until else None, horizon_days=horizon,
            folds=folds, report=report, mapping=read_mapping(mapping or []), time_zone=time_zone, seed=seed, now=now,
            progress=progress,
        )  # fmt: skip
        if backtest and log:
            from training.registry.model_registry import connect
            from training.registry.tracking import log_evaluation
            from training.settings import load_settings

            progress("logging to MLflow")
            log_evaluation(connect(load_settings()), found, report)
    print_folds(found, report, as_json=as_json)


def compare(as_json: Json = False) -> None:
    """List the registered model sets with their rehearsals' figures, the newest first; the champion is marked."""
    from training.console import print_sets
    from training.registry.lifecycle import describe_sets
    from training.settings import load_settings

    print_sets(describe_sets(load_settings()), as_json=as_json)
