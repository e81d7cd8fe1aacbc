"""Measures time and memory from 100,000 to 1,000,000 customers; writes benchmarks/results/scale.json and a table.

`python -m benchmarks.scale [--sizes 100000,300000,1000000] [--stored 200000] [--again]`

Of each size: all features at one cutoff, and `parcours predict` of an order file, reading it included; of the
smallest and the largest `parcours train --quick` too. Its models, by which all sizes are predicted, stay in
`.parcours/bench`, as does the database of the stored part. Every step is written as soon as it is measured: a run that
was interrupted goes on with the step where it was, and what was measured with the same feature set and versions is not
measured again without --again. CPU seconds stand beside wall seconds, since only the former mean much on a shared
machine.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.scale.steps import measured
from benchmarks.scale.stored import measure_stored
from benchmarks.scale.synthetic_facts import write_both
from customer.errors import ParcoursError
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from scoring.engine import load_model_set

RESULTS = Path(__file__).parents[1] / "results" / "scale.json"
GOALS = {
    "features_s_per_million": 40.0,
    "features_peak_mb": 2048.0,
    "predicted_customers_per_minute": 300_000.0,
    "export_rows_per_s": 500_000.0,
    "online_one_ms": 2.0,
    "online_fifty_ms": 20.0,
}
HOME = Path(__file__).parents[2] / ".parcours" / "bench"
MODELS = HOME / "scale_models"
_STEPS = ("features", "train", "predict")
_SIZES = "100000,300000,1000000"
_TRAINED = (100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=_SIZES)
    parser.add_argument("--stored", type=int, default=200_000, help="customers in PostgreSQL; 0: leave that part out")
    parser.add_argument("--again", action="store_true", help="measure everything anew")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",") if size]
    results = _earlier(again=options.again)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, TemporaryDirectory() as folder:
        bar = progress.add_task("scale", total=None)

        def step(words: str) -> None:
            progress.update(bar, description=words)

        for size in sizes:
            _measure_size(Path(folder), size, results, step)
        if options.stored and results["stored"].get("customers") != options.stored:
            step(f"{options.stored:,} customers in PostgreSQL")
            results["stored"] = measure_stored(HOME, options.stored)
            _write(results)
        progress.update(bar, total=1, completed=1, description="measured")
    _show(results)


def _earlier(*, again: bool) -> dict[str, Any]:
    """What was measured before, if it was with the present features, versions and machine."""
    setting = {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__, "pyarrow": pyarrow.__version__},
        "feature_set": FEATURE_SET,
        "feature_count": len(FEATURE_NAMES),
        "goals": GOALS,
    }
    if RESULTS.exists() and not again:
        found: dict[str, Any] = json.loads(RESULTS.read_text())
        if {name: found.get(name) for name in setting} == setting:
            return found
    return {**setting, "sizes": {}, "stored": {}}


def _write(results: dict[str, Any]) -> None:
    results["measured_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _measure_size(folder: Path, customers: int, results: dict[str, Any], step: Callable[[str], None]) -> None:
    """Adds the steps that were not measured yet, in an order in which each can use what the one before it made."""
    found = results["sizes"].setdefault(str(customers), {})
    trains = customers in _TRAINED or not _usable(MODELS)
    missing = [name for name in _STEPS if name not in found and (name != "train" or trains)]
    if not missing:
        return
    with TemporaryDirectory(dir=folder) as scratch:
        for name, effort in _efforts(Path(scratch), customers, missing, step):
            found[name] = effort
            _write(results)


def _usable(models: Path) -> bool:
    """Whether this version can predict by them."""
    try:
        load_model_set(models)
    except ParcoursError:
        return False
    return True


def _efforts(
    folder: Path, customers: int, missing: list[str], step: Callable[[str], None]
) -> Iterator[tuple[str, dict[str, float]]]:
    """What each missing step took, the facts being made up first."""
    snapshot, orders = folder / "snapshot", folder / "orders.parquet"
    step(f"{customers:,} customers: making facts up")
    write_both(snapshot, orders, customers)
    if "features" in missing:
        step(f"{customers:,} customers: features")
        features = measured("features", str(snapshot))
        yield "features", asdict(features) | {"s_per_million": round(features.wall_s * 1e6 / features.rows, 1)}
    rmtree(snapshot)
    if "train" in missing:
        step(f"{customers:,} customers: training")
        rmtree(MODELS, ignore_errors=True)
        yield "train", asdict(measured("train", str(orders), str(MODELS)))
    if "predict" in missing:
        step(f"{customers:,} customers: prediction")
        predicted = measured("predict", str(orders), str(MODELS), str(folder / "predictions.parquet"))
        yield "predict", asdict(predicted) | {"customers_per_minute": predicted.rows_per_s * 60}


def _show(results: dict[str, Any]) -> None:
    table = Table(title="Time and memory by number of customers")
    for column in ("customers", "step", "s", "CPU s", "peak MB", "rate"):
        table.add_column(column, justify="right")
    for size, found in sorted(results["sizes"].items(), key=lambda pair: int(pair[0])):
        for name in (one for one in _STEPS if one in found):
            effort = found[name]
            rates = {
                "features": f"{effort.get('s_per_million')} s a million",
                "train": "",
                "predict": f"{effort.get('customers_per_minute', 0):,} a minute",
            }
            table.add_row(
                f"{int(size):,}", name, f"{effort['wall_s']}", f"{effort['cpu_s']}", f"{effort['peak_mb']:,.0f}",
                rates[name],
            )  # fmt: skip
    console = Console()
    console.print(table)
    if stored := results["stored"]:
        console.print(f"export {stored['export']['rows_per_s']:,} rows/s; live: {json.dumps(stored['online'])}")
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
