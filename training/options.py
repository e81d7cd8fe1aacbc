"""The options of training's commands, spelled and explained once, in the panels of the help."""

from pathlib import Path
from typing import Annotated

import typer

from training.engines.names import EngineName

FACTS, TRAINING, JUDGING, RESULT = "Facts", "How", "Which models", "What comes of it"

Orders = Annotated[
    Path | None, typer.Option(help="An order file; without it, the facts in the database.", rich_help_panel=FACTS)
]
OrderFile = Annotated[Path, typer.Option("--orders", help="The order file.", rich_help_panel=FACTS)]
Mapping = Annotated[
    list[str] | None,
    typer.Option("--map", help="theirs=ours: a column of the file under its name.", rich_help_panel=FACTS),
]
TimeZone = Annotated[
    str | None,
    typer.Option(help="Of the order file's times and the dates given here; UTC if left out.", rich_help_panel=FACTS),
]
AsOf = Annotated[
    str,
    typer.Option(
        help="The first instant not known: an ISO date (its midnight where the brand is) or time.",
        rich_help_panel=FACTS,
    ),
]
KnownBefore = Annotated[
    str | None,
    typer.Option(
        "--as-of", rich_help_panel=FACTS,
        help="Use facts before this date only (its midnight where the brand is); now, or when they end, if left out.",
    ),
]  # fmt: skip
Until = Annotated[
    str | None,
    typer.Option(help="Follow the orders until this date; to their last day if left out.", rich_help_panel=FACTS),
]

Horizon = Annotated[
    int | None,
    typer.Option(help="Days to look ahead; from the brand's rhythm if left out.", min=1, rich_help_panel=TRAINING),
]
TrainedHorizon = Annotated[
    int | None,
    typer.Option(
        "--horizon", help="Days to look ahead; those the models were trained for if left out.", min=1,
        rich_help_panel=TRAINING,
    ),
]  # fmt: skip
Quick = Annotated[bool, typer.Option("--quick", help="Fewer rows and trees: a first look.", rich_help_panel=TRAINING)]
Full = Annotated[
    bool,
    typer.Option("--full", help="Train by the full recipe instead of the quick one.", rich_help_panel=TRAINING),
]
TuneSeconds = Annotated[
    float | None,
    typer.Option(
        help="Time to look for a better recipe, such as 90; none if left out.", min=0, rich_help_panel=TRAINING
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option(
        "--recipe", help="recipe.json of an earlier run: trains by it, without tuning.", rich_help_panel=TRAINING
    ),
]
Seed = Annotated[
    int,
    typer.Option(help="The same data, code, recipe and seed give the same models.", rich_help_panel=TRAINING),
]
Engine = Annotated[
    EngineName,
    typer.Option(
        help="Where the work is done: this machine's cores, a Dask cluster, or features by Spark.",
        rich_help_panel=TRAINING,
    ),
]

ModelFolder = Annotated[
    Path, typer.Option("--models", help="A model set, as `parcours train --out` writes it.", rich_help_panel=JUDGING)
]
JudgedFolder = Annotated[
    Path | None,
    typer.Option("--models", help="A model set folder to judge by what followed its as-of.", rich_help_panel=JUDGING),
]
JudgedSet = Annotated[
    str | None,
    typer.Option(
        "--model-set", rich_help_panel=JUDGING,
        help="A registered model set to judge; with the database, the champion if left out.",
    ),
]  # fmt: skip
Backtest = Annotated[
    bool,
    typer.Option("--backtest", help="Train at several past moments and judge each.", rich_help_panel=JUDGING),
]
Folds = Annotated[
    int | None,
    typer.Option(
        help="Moments of the backtest, a horizon apart; 3 if left out.", min=1, max=12, rich_help_panel=JUDGING
    ),
]
HeldOut = Annotated[
    bool,
    typer.Option(help="A backtest's newest moment also on customers never seen in training.", rich_help_panel=JUDGING),
]

ModelsOut = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the model set; required with --orders.", rich_help_panel=RESULT),
]
PredictionsOut = Annotated[Path, typer.Option("--out", help="The Parquet file to write.", rich_help_panel=RESULT)]
Report = Annotated[Path, typer.Option(help="The HTML page to write.", rich_help_panel=RESULT)]
Log = Annotated[bool, typer.Option(help="Log to MLflow too.", rich_help_panel=RESULT)]
Promote = Annotated[
    bool,
    typer.Option(
        help="Put the models in charge if they pass the gate (training from the database).", rich_help_panel=RESULT
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Put them in charge whatever the gate says; the log keeps that.", rich_help_panel=RESULT
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")]
