"""Measures time and memory from 100,000 to 1,000,000 customers; writes benchmarks/results/scale.json and a table.

`python -m benchmarks.scale [--sizes 100000,300000,1000000] [--stored 200000] [--again]`

Every size is written as soon as it is measured: a run that was interrupted goes on where it was, and what was measured
with the same feature set and versions is not measured again without --again. CPU seconds stand beside wall seconds,
since only the former mean much on a shared machine.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.scale.steps import Effort, measured
from benchmarks.scale.stored import measure_stored
from benchmarks.scale.synthetic_facts import write_orders, write_snapshot
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET

RESULTS = Path(__file__).parents[1] / "results" / "scale.json"
GOALS = {
    "features_s_per_million": 40.0,
    "features_peak_mb": 2048.0,
    "predicted_customers_per_minute": 300_000.0,
    "export_rows_per_s": 500_000.0,
    "online_one_ms": 2.0,
    "online_fifty_ms": 20.0,
}
_TRAINED_ON = 20_000
_STEPS_PER_SIZE = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000,300000,1000000")
    parser.add_argument("--stored", type=int, default=200_000, help="customers in PostgreSQL; 0: leave that part out")
    parser.add_argument("--again", action="store_true", help="measure everything anew")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",") if size]
    results = _earlier(again=options.again)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress, TemporaryDirectory() as folder:
        missing = [size for size in sizes if str(size) not in results["sizes"]]
        bar = progress.add_task("scale", total=_STEPS_PER_SIZE * len(missing) + bool(options.stored))

        def step(words: str) -> None:
            progress.update(bar, description=words)

        for size in missing:
            results["sizes"][str(size)] = _measure_size(Path(folder), size, step, lambda: progress.advance(bar))
            _write(results)
        if options.stored and results["stored"].get("customers") != options.stored:
            step(f"{options.stored:,} customers in PostgreSQL")
            results["stored"] = measure_stored(Path(folder) / "stored", options.stored)
            _write(results)
        progress.update(bar, completed=progress.tasks[0].total, description="measured")
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


def _measure_size(
    folder: Path, customers: int, step: Callable[[str], None], done: Callable[[], object]
) -> dict[str, Any]:
    """Features of a snapshot, then the whole prediction of an order file."""
    with TemporaryDirectory(dir=folder) as scratch:
        step(f"{customers:,} customers: snapshot")
        write_snapshot(Path(scratch) / "snapshot", customers)
        done()
        step(f"{customers:,} customers: features")
        features = measured("features", f"{scratch}/snapshot")
        done()
    with TemporaryDirectory(dir=folder) as scratch:
        step(f"{customers:,} customers: prediction")
        models = folder / "models"
        if not models.exists():
            write_orders(folder / "past.parquet", _TRAINED_ON)
            measured("train", str(folder / "past.parquet"), str(models))
        orders = Path(scratch) / "orders.parquet"
        write_orders(orders, customers)
        predicted = measured("predict", str(orders), str(models), f"{scratch}/predictions.parquet")
        done()
    return {
        "features": asdict(features) | {"s_per_million": _per_million(features)},
        "predict": asdict(predicted) | {"customers_per_minute": predicted.rows_per_s * 60},
    }


def _per_million(effort: Effort) -> float:
    return round(effort.wall_s * 1e6 / effort.rows, 1)


def _show(results: dict[str, Any]) -> None:
    table = Table(title="Time and memory by number of customers")
    for column in ("customers", "features s/million", "CPU s", "peak MB", "predicted/minute", "CPU s", "peak MB"):
        table.add_column(column, justify="right")
    for size, found in sorted(results["sizes"].items(), key=lambda pair: int(pair[0])):
        features, predict = found["features"], found["predict"]
        table.add_row(
            f"{int(size):,}", f"{features['s_per_million']}", f"{features['cpu_s']}", f"{features['peak_mb']:,.0f}",
            f"{predict['customers_per_minute']:,}", f"{predict['cpu_s']}", f"{predict['peak_mb']:,.0f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    if stored := results["stored"]:
        console.print(f"export {stored['export']['rows_per_s']:,} rows/s; live: {json.dumps(stored['online'])}")
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
