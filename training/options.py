"""Options that several commands share, spelled and explained once."""

from typing import Annotated

import typer

from training.engines.names import EngineName

AsOf = Annotated[str, typer.Option(help="The first instant not known: an ISO date (its midnight) or time.")]
Mapping = Annotated[list[str] | None, typer.Option("--map", help="theirs=ours: a column of the file under its name.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")]
Seed = Annotated[int, typer.Option(help="The same data, code, recipe and seed give the same models.")]
Engine = Annotated[
    EngineName, typer.Option(help="Where the work is done: this machine's cores, a Dask cluster, or features by Spark.")
]
