"""Prints the tour: where everything is, what was asked, what came back, how to stop."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from demo.home import Home
from demo.tour.ask import Answered

_WIDTH = 116


def show_tour(
    console: Console, answers: list[Answered], *, urls: Mapping[str, str], home: Home, detached: bool, seconds: float
) -> None:
    """One screen or two: the answers as they came, then the places to go on from."""
    for number, answered in enumerate(answers, start=1):
        console.print(f"\n[bold]{number}. {answered.question}[/bold]", highlight=False)
        asked = f" with {json.dumps(answered.variables)}" if answered.variables else ""
        console.print(
            f"[dim]{answered.query_file}{asked}: answered in {answered.milliseconds} ms[/dim]", highlight=False
        )
        console.print(compact(answered.data), markup=False, soft_wrap=True)
    console.print("\n[bold]Where to go on[/bold]")
    places = {
        "GraphQL, and GraphiQL in a browser": urls["graphql"],
        "scoring": urls["scoring"] + "/v2",
        "MLflow": urls["mlflow"],
        "bearer tokens by role": str(home.services_file),
        "logs": str(home.logs),
    }
    for what, where in places.items():
        console.print(f"  {what:<36}{where}", highlight=False, soft_wrap=True)
    console.print(f"\nready after {seconds:.0f} s. {_how_to_stop(detached)}", highlight=False)


def compact(value: Any, *, indent: int = 0) -> str:
    """JSON with whatever fits on a line on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{pad}{json.dumps(key)}: {compact(part, indent=indent + 2)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    parts = [pad + compact(part, indent=indent + 2) for part in value]
    return "[\n" + ",\n".join(parts) + "\n" + " " * indent + "]"


def _how_to_stop(detached: bool) -> str:
    return "Stop everything with `parcours down`." if detached else "Ctrl-C stops everything."
