"""Measures features at scale: offline seconds and memory, export rows per second, live milliseconds.

`python -m benchmarks.scale_features [--sizes 100000,300000,1000000] [--stored 200000]` writes
benchmarks/results/scale_features.json beside a readable table. CPU seconds stand beside wall seconds, since only the
former mean much on a shared machine.
"""

import argparse
import asyncio
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow

from benchmarks.synthetic_facts import AS_OF, generate, load, make_relations
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from customer.features.relations import RELATIONS
from training.data.snapshot import bounded_connection, empty_folder, freeze, open_snapshot

RESULTS = Path(__file__).parent / "results" / "scale_features.json"
END = datetime(2026, 1, 2, tzinfo=UTC)
GOALS = {
    "features_s_per_million": 40.0,
    "features_peak_mb": 2048.0,
    "export_rows_per_s": 500_000.0,
    "online_one_ms": 2.0,
    "online_fifty_ms": 20.0,
}


@dataclass(frozen=True, slots=True)
class Effort:
    """What a step took in its own process."""

    rows: int
    wall_s: float
    cpu_s: float
    peak_mb: float


def features(folder: Path) -> Effort:
    """Every feature of every customer of a snapshot at one cutoff."""
    from training.data.examples import feature_tables
    from training.data.spine import build_spine

    snapshot = open_snapshot(folder)
    started = time.perf_counter()
    rows = sum(table.num_rows for table in feature_tables(snapshot, build_spine(snapshot, [AS_OF])))
    return _effort(rows, started)


def export(database_url: str, folder: Path) -> Effort:
    """A snapshot of a whole database."""
    from training.data.database_snapshot import snapshot_from_database

    started = time.perf_counter()
    snapshot = snapshot_from_database(database_url, folder, known_before=END)
    return _effort(sum(snapshot.row_counts.values()) - snapshot.customer_count, started)


def _effort(rows: int, started: float) -> Effort:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter() - started
    return Effort(rows, round(wall, 2), round(usage.ru_utime + usage.ru_stime, 2), _peak_mb(usage.ru_maxrss))


def _peak_mb(maximum_kb: int) -> float:
    """The peak of this program alone: Linux hands a parent's own maximum on to the child it starts."""
    status = Path("/proc/self/status")
    if status.exists():
        [maximum_kb] = [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return round(maximum_kb / 1024, 1)


def in_own_process(step: str, *arguments: str) -> Effort:
    """Runs a step where nothing else adds to its memory."""
    command = [sys.executable, "-m", "benchmarks.scale_features", "--step", step, *arguments]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
    return Effort(**json.loads(finished.stdout))


def synthetic_snapshot(folder: Path, customers: int) -> None:
    """Writes the made-up facts as a snapshot without a database in between."""
    empty_folder(folder)
    with bounded_connection(memory_limit="4GB", spill=folder / "spill") as connection:
        generate(connection, customers)
        make_relations(connection)
        sources = [(relation, relation) for relation in RELATIONS]
        freeze(connection, folder, sources, origin="the generator", known_before=END, time_zone="UTC", currency="EUR")


async def online(database_url: str, customers: int) -> dict[str, dict[str, float]]:
    """Milliseconds of live readings of customers drawn at random, one and fifty at a time."""
    from profile_api.store.feature_vectors import connect_features, read_feature_vectors

    chance = random.Random(1)
    connection = await connect_features(database_url)
    await read_feature_vectors(connection, 1, [1], AS_OF)
    times: dict[str, dict[str, float]] = {}
    for name, size, rounds in (("one", 1, 400), ("fifty", 50, 100)):
        taken = []
        for _ in range(rounds):
            ids = [chance.randrange(1, customers + 1) for _ in range(size)]
            started = time.perf_counter()
            await read_feature_vectors(connection, 1, ids, AS_OF)
            taken.append((time.perf_counter() - started) * 1000)
        taken.sort()
        times[name] = {
            "fastest_ms": round(taken[0], 2),
            "median_ms": round(statistics.median(taken), 2),
            "p95_ms": round(taken[int(len(taken) * 0.95)], 2),
        }
    await connection.close()
    return times


def stored(folder: Path, customers: int) -> dict[str, object]:
    """Export and live readings against an embedded PostgreSQL with that many customers."""
    from profile_api.store.embedded import start_embedded_postgres
    from profile_api.store.migrate import migrate

    database_url = start_embedded_postgres(folder / "postgres")
    migrate(database_url)
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        generate(connection, customers)
        load(connection, database_url)
    exported = in_own_process("export", database_url, str(folder / "exported"))
    return {
        "customers": customers,
        "export": asdict(exported) | {"rows_per_s": round(exported.rows / exported.wall_s)},
        "online": asyncio.run(online(database_url, customers)),
    }


def measure(sizes: list[int], stored_customers: int) -> dict[str, object]:
    """Everything, as it is written to the results file."""
    offline = []
    for customers in sizes:
        with TemporaryDirectory() as folder:
            synthetic_snapshot(Path(folder) / "snapshot", customers)
            effort = in_own_process("features", str(Path(folder) / "snapshot"))
        offline.append(
            {"customers": customers, "s_per_million": round(effort.wall_s * 1e6 / effort.rows, 1)} | asdict(effort)
        )
        print(f"features of {customers:>9,} customers: {effort}")
    with TemporaryDirectory() as folder:
        live = stored(Path(folder), stored_customers)
    print(json.dumps(live, indent=2))
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "versions": {"duckdb": duckdb.__version__, "pyarrow": pyarrow.__version__},
        "feature_set": FEATURE_SET,
        "feature_count": len(FEATURE_NAMES),
        "goals": GOALS,
        "features": offline,
        "stored": live,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000,300000,1000000")
    parser.add_argument("--stored", type=int, default=200_000)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        name, *rest = arguments.step
        effort = features(Path(rest[0])) if name == "features" else export(rest[0], Path(rest[1]))
        print(json.dumps(asdict(effort)))
        return
    results = measure([int(size) for size in arguments.sizes.split(",")], arguments.stored)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2))
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
