"""Facts in PostgreSQL: the export of a snapshot, and live feature vectors of one, fifty and five hundred customers."""

import asyncio
import random
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.scale.steps import measured
from benchmarks.scale.synthetic_facts import AS_OF, generate, load

_BATCHES = {"one": (1, 400), "fifty": (50, 100), "five_hundred": (500, 30)}


def measure_stored(home: Path, customers: int) -> dict[str, object]:
    """An embedded PostgreSQL with that many customers, made once, kept in `home`, and stopped afterwards."""
    from machine.embedded_postgres import start_embedded_postgres, stop_embedded_postgres

    postgres, loaded = home / f"scale_{customers}", home / f"scale_{customers}.loaded"
    if not loaded.exists():
        rmtree(postgres, ignore_errors=True)  # what an interrupted run left
    database_url = start_embedded_postgres(postgres)
    try:
        _fill(database_url, loaded, customers)
        return _measured(database_url, customers)
    finally:
        stop_embedded_postgres(postgres)


def _fill(database_url: str, loaded: Path, customers: int) -> None:
    from profile_api.store.migrate import migrate

    migrate(database_url)
    if loaded.exists():
        return
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        generate(connection, customers)
        load(connection, database_url)
    loaded.touch()


def _measured(database_url: str, customers: int) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        exported = measured("export", database_url, str(Path(folder) / "exported"))
    return {
        "customers": customers,
        "export": asdict(exported) | {"rows_per_s": exported.rows_per_s},
        "online": asyncio.run(read_live(database_url, customers)),
    }


async def read_live(database_url: str, customers: int) -> dict[str, dict[str, float]]:
    """Milliseconds of readings of customers drawn at random, with the CPU time of the server's process for each."""
    from profile_api.store.feature_vectors import connect_features, read_feature_vectors

    chance = random.Random(1)
    connection = await connect_features(database_url)
    pid = await connection.fetchval("select pg_backend_pid()")
    times: dict[str, dict[str, float]] = {}
    for name, (size, rounds) in _BATCHES.items():
        await read_feature_vectors(connection, 1, list(range(1, size + 1)), AS_OF)  # planned by now
        taken, cpu = [], _cpu_s(pid)
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
            "server_cpu_ms_per_customer": round((_cpu_s(pid) - cpu) * 1000 / rounds / size, 3),
        }
    await connection.close()
    return times


def _cpu_s(pid: int) -> float:
    """What the process has used so far: user and system time, from Linux's hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
