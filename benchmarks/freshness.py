"""How soon, and at what cost, changes of customers become new stored predictions: a real database, service and worker.

`python -m benchmarks.freshness` writes benchmarks/results/freshness.json. Changes are made by the code that the GraphQL
mutations run. A change is fresh when, from another connection, a prediction of that customer can be read that is newer
than the change; its delay counts from the return of the commit.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import duckdb
import httpx
import psutil

from benchmarks.scale.synthetic_facts import generate, load
from machine.embedded_postgres import start_embedded_postgres
from profile_api.graph.request import Caller, Scope
from profile_api.graph.writes import write
from profile_api.rescoring.queue import Urgency, request_rescoring
from profile_api.store.changes import CHANGE_CHANNEL
from profile_api.store.migrate import migrate
from tests.small_models import train_bench_models

RESULTS = Path(__file__).parent / "results" / "freshness.json"
TENANT = 1
CALLER = Caller(tenant_id=TENANT, subject="benchmark", scopes=frozenset(Scope))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs: the processes whose CPU time is counted, by name."""

    database_url: str
    processes: dict[str, psutil.Process]

    def cpu_s(self) -> dict[str, float]:
        """User and system time so far of each process with its children, finished ones included."""
        return {name: _cpu_s(process) for name, process in self.processes.items()}


@dataclass(slots=True)
class Watch:
    """Which customers changed when, and how long each took to become fresh."""

    changed: dict[int, tuple[datetime, float]] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)

    async def look(self, connection: asyncpg.Connection, customers: list[int]) -> None:
        """Settles those customers whose prediction is newer than their change."""
        rows = await connection.fetch(
            "select customer_id, as_of from latest_prediction where customer_id = any($1::bigint[])",
            [customer for customer in customers if customer in self.changed],
        )
        now = time.monotonic()
        for customer_id, as_of in rows:
            changed_at, committed = self.changed.get(customer_id, (as_of, now))  # another look may have settled it
            if as_of > changed_at:
                del self.changed[customer_id]
                self.delays_s.append(now - committed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each rate of changes lasts")
    parser.add_argument("--rates", default="2,50", help="changes per second")
    parser.add_argument("--port", type=int, default=0, help="of the scoring service; 0 takes a free one")
    chosen = parser.parse_args()
    rates = [float(rate) for rate in chosen.rates.split(",")]
    # PostgreSQL stops when this process ends, and may write until then.
    with TemporaryDirectory(prefix="bench-freshness-", ignore_cleanup_errors=True) as folder:
        with _stack(Path(folder), chosen) as stack:
            result = asyncio.run(_measure(stack, chosen.customers, rates, chosen.seconds))
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
        print(json.dumps(result, indent=1))


async def _measure(stack: Stack, customers: int, rates: list[float], seconds: float) -> dict[str, Any]:
    first = await _everybody(stack, customers)
    second = await _everybody(stack, customers)
    changes = [await _changes(stack, customers, rate, seconds) for rate in rates]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()},
        "customers": customers,
        "changes": changes,
        "touched_at_once": {"first": first, "again": second},
    }


async def _changes(stack: Stack, customers: int, rate: float, seconds: float) -> dict[str, Any]:
    """Single changes at a steady rate, whether or not earlier ones are answered."""
    watch, chance = Watch(), random.Random(7)
    before = stack.cpu_s()
    async with asyncpg.create_pool(stack.database_url, min_size=2, max_size=8) as pool:
        listening = await asyncpg.connect(stack.database_url)
        looking: set[asyncio.Task[None]] = set()

        def heard(*notification: Any) -> None:
            named = json.loads(notification[3])["customers"] or list(watch.changed)
            task = asyncio.create_task(_look(pool, watch, named))
            looking.add(task)
            task.add_done_callback(looking.discard)

        await listening.add_listener(CHANGE_CHANNEL, heard)
        began = time.monotonic()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            task = asyncio.create_task(_change(pool, watch, chance.randrange(1, customers + 1)))
            looking.add(task)
            task.add_done_callback(looking.discard)
        for _ in range(100):
            if not watch.changed and not looking:
                break
            await asyncio.sleep(0.1)
            await _look(pool, watch, list(watch.changed))
        await listening.close()
        await asyncio.gather(*looking)
    delays = sorted(watch.delays_s)
    return {
        "per_s": rate, "seconds": seconds, "changes": round(rate * seconds), "answered": len(delays),
        "unanswered": len(watch.changed), "p50_s": round(statistics.median(delays), 3),
        "p95_s": round(delays[int(0.95 * len(delays))], 3), "max_s": round(delays[-1], 3),
        "cpu_s": _spent(before, stack.cpu_s()),
    }  # fmt: skip


async def _look(pool: asyncpg.Pool, watch: Watch, customers: list[int]) -> None:
    if any(customer in watch.changed for customer in customers):
        async with pool.acquire() as connection:
            await watch.look(connection, customers)


async def _change(pool: asyncpg.Pool, watch: Watch, customer_id: int) -> None:
    if customer_id in watch.changed:  # its first change is still being watched
        return
    now = datetime.now(UTC)
    given = {
        "customerId": f"cus_{customer_id}",
        "direction": "INBOUND",
        "channel": "CALL_CENTRE",
        "subject": "delivery",
    }
    await write("recordServiceContact", pool, CALLER, given, now=now, timeout_s=30)
    watch.changed[customer_id] = (now, time.monotonic())


async def _everybody(stack: Stack, customers: int) -> dict[str, Any]:
    """All customers requested in one transaction, as an import does."""
    before, worker = stack.cpu_s(), stack.processes["worker"]
    connection = await asyncpg.connect(stack.database_url)
    began, peak = time.monotonic(), 0
    async with connection.transaction():
        await request_rescoring(
            connection, TENANT, range(1, customers + 1), urgency=Urgency.BULK, requested_at=datetime.now(UTC)
        )
    while await connection.fetchval("select exists (select from rescoring_request where due_at < 'infinity')"):
        peak = max(peak, worker.memory_info().rss)
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - began
    stored = await connection.fetchval("select count(*) from latest_prediction where tenant_id = $1", TENANT)
    await connection.close()
    spent = _spent(before, stack.cpu_s())
    return {
        "customers": customers, "stored": stored, "seconds": round(seconds, 2), "per_s": round(customers / seconds),
        "cpu_s": spent, "cpu_ms_per_customer": round(1000 * sum(spent.values()) / customers, 3),
        "worker_peak_mb": round(peak / 2**20),
    }  # fmt: skip


@contextmanager
def _stack(folder: Path, chosen: argparse.Namespace) -> Iterator[Stack]:
    database_url = start_embedded_postgres(folder / "postgres")
    migrate(database_url)
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        generate(connection, chosen.customers)
        load(connection, database_url)
    models = train_bench_models(folder)
    port = chosen.port or _free_port()
    environment = {
        **os.environ,
        "PARCOURS_HOME": str(folder),
        "DATABASE_URL": database_url,
        "PARCOURS_SCORING_URL": f"http://127.0.0.1:{port}",
    }
    with (
        _running(folder, environment, "scoring", "--models", str(models.folder), "--port", str(port)) as scoring,
        _running(folder, environment, "worker") as worker,
    ):
        _wait_for(f"http://127.0.0.1:{port}/v2/health/ready")
        postgres = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
        yield Stack(database_url=database_url, processes={"scoring": scoring, "worker": worker, "postgresql": postgres})


@contextmanager
def _running(folder: Path, environment: dict[str, str], *command: str) -> Iterator[psutil.Process]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "parcours", "serve", *command], env=environment, stdout=log, stderr=log
        )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} did not answer")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    total: float = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        own = child.cpu_times()
        total += own.user + own.system
    return total


def _spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: round(after[name] - before[name], 2) for name in before}


if __name__ == "__main__":
    main()
