"""The load: requests of a workload by so many clients, their latencies, and the CPU of the server's processes."""

import statistics
import threading
import time
from dataclasses import dataclass

import httpx
import psutil

from benchmarks.scoring.servers import Server
from tests.small_models import SmallModels


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How many rows a request has, how many drivers it asks for, and how many requests make a round."""

    name: str
    rows: int
    drivers: int
    requests: int
    clients: tuple[int, ...] = (1,)


WORKLOADS = (
    Workload(name="one_row", rows=1, drivers=0, requests=300, clients=(1, 16, 64)),
    Workload(name="drivers", rows=1, drivers=5, requests=80),
    Workload(name="hundred_rows", rows=100, drivers=0, requests=30),
)


def run(server: Server, models: SmallModels, workload: Workload, number: int) -> None:
    for clients in workload.clients:
        bodies = _bodies(server, models, workload, number)
        before, began = _cpu_s(server.process), time.perf_counter()
        latencies = _load(server.url, bodies, clients)
        seconds, cpu = time.perf_counter() - began, _cpu_s(server.process) - before
        server.rounds.append(
            {
                "workload": workload.name, "round": number, "clients": clients, "requests": len(bodies),
                "rps": len(bodies) / seconds, "cpu_ms": 1000 * cpu / len(bodies),
                "p50_ms": 1000 * statistics.median(latencies),
                "p99_ms": 1000 * sorted(latencies)[int(0.99 * len(latencies))],
            }
        )  # fmt: skip


def _bodies(server: Server, models: SmallModels, workload: Workload, number: int) -> list[bytes]:
    total = len(models.rows)
    return [
        server.encode(
            models,
            [(number * 7919 + request * workload.rows + row) % total for row in range(workload.rows)],
            workload.drivers,
        )
        for request in range(workload.requests)
    ]


def _load(url: str, bodies: list[bytes], clients: int) -> list[float]:
    """Latencies of all requests by so many clients, each with one connection."""
    waiting, latencies = iter(bodies), []
    lock = threading.Lock()

    def work() -> None:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while True:
                with lock:
                    body = next(waiting, None)
                if body is None:
                    return
                began = time.perf_counter()
                client.post(url, content=body, headers={"content-type": "application/json"}).raise_for_status()
                latencies.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


def _cpu_s(process: psutil.Process) -> float:
    """User and system time of the process and all it started."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)
