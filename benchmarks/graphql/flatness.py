"""How answer times grow with the company: `python -m benchmarks.graphql.flatness` writes `graphql_flatness.json`.

One client asks our server each operation, companies taking turns; what counts is the ratio of the medians, once with
customers nobody asked about lately, whose pages PostgreSQL first takes from the operating system (where a large company
is larger than its buffers) and each of its processes maps for itself, and once with customers asked about before.
"""

import argparse
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.graphql.__main__ import BODIES, bodies_file, pinned_database, write_all_bodies
from benchmarks.graphql.company import agent_token, prepared_company
from benchmarks.graphql.load import Load, measure, required_tool
from benchmarks.graphql.operations import OPERATIONS
from benchmarks.graphql.servers import ROOT, Server, servers

RESULTS = ROOT / "benchmarks" / "results" / "graphql_flatness.json"


_SECONDS_BEFORE = 3
Medians = dict[str, dict[int, float]]


@dataclass(frozen=True, slots=True)
class _Companies:
    """Our server over each company, by size."""

    servers: dict[int, Server]
    database_pid: int
    cores: set[int]
    first: int  # the number of the first customer asked about

    def ask(self, size: int, operation: str, *, clients: int, seconds: int, start: int) -> Load:
        server = self.servers[size]
        return measure(
            server, bodies_file(server, operation), clients=clients, seconds=seconds,
            database_pid=self.database_pid, cores=self.cores, start=start,
        )  # fmt: skip

    def ask_everything(self, size: int, operation: str) -> None:
        asked = 0
        while asked < BODIES:
            load = self.ask(size, operation, clients=1, seconds=_SECONDS_BEFORE, start=asked)
            asked += int(load.rps * _SECONDS_BEFORE)

    def medians(self, operation: str, rounds: int, seconds: int) -> tuple[dict[int, float], dict[int, float]]:
        """Milliseconds by size: when customers are asked about for the first time, and again."""
        first: dict[int, float] = {}
        again: dict[int, list[float]] = {size: [] for size in self.servers}
        for size, server in self.servers.items():
            write_all_bodies(server, size, first=self.first)
            self.ask(size, operation, clients=1, seconds=1, start=BODIES - 1000)  # plans and connections
            first[size] = self.ask(size, operation, clients=1, seconds=seconds, start=0).p50_ms
            self.ask_everything(size, operation)
        for number in range(rounds):
            for size, server in self.servers.items():
                write_all_bodies(server, size, first=self.first)
                load = self.ask(size, operation, clients=1, seconds=seconds, start=number * 1009)
                again[size].append(load.p50_ms)
        return _rounded(first), _rounded({size: median(all_) for size, all_ in again.items()})


def _rounded(by_size: dict[int, float]) -> dict[int, float]:
    return {size: round(value, 3) for size, value in by_size.items()}


def _largest_to_smallest(medians: Medians) -> dict[str, float]:
    return {name: round(by_size[max(by_size)] / by_size[min(by_size)], 2) for name, by_size in medians.items()}


def run(sizes: list[int], rounds: int, seconds: int, port: int) -> dict[str, Any]:
    """The medians of every size and operation, and how the largest compares with the smallest."""
    urls = {size: prepared_company(size) for size in sizes}
    database_pid, server_core, cores = pinned_database(apart=False)
    first: Medians = {}
    again: Medians = {}
    with ExitStack() as stack:
        started: dict[int, Server] = {}
        for place, (size, url) in enumerate(urls.items()):
            token = agent_token(url)
            [server] = stack.enter_context(servers(url, port + place, server_core, token, frozenset()))
            started[size] = server
        companies = _Companies(started, database_pid, cores, first=int(time.time()) % max(sizes))  # others in each run
        for operation in OPERATIONS:
            first[operation], again[operation] = companies.medians(operation, rounds, seconds)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "seconds": seconds,
        "p50_ms": again,
        "largest_to_smallest": _largest_to_smallest(again),
        "p50_ms_first_time": first,
        "largest_to_smallest_first_time": _largest_to_smallest(first),
    }


def main() -> None:
    required_tool()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graphql.flatness")
    parser.add_argument("--sizes", default="10000,200000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--port", type=int, default=21500)
    given = parser.parse_args()
    result = run([int(size) for size in given.sizes.split(",")], given.rounds, given.seconds, given.port)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
