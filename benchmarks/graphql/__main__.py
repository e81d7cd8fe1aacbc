"""Runs the comparison: `python -m benchmarks.graphql`; writes `benchmarks/results/graphql.json` and prints a table.

Pinning: each server is one process on the first core, the load generator is on the others, and PostgreSQL may run on
all of them. So no server can use a second core, each is asked by a generator that leaves it alone, and what a server
does not use of its core is the database's, as on any machine they share. With `--database-apart` PostgreSQL keeps to
the load generator's cores: then a server that asks much of the database waits for it while its own core idles.
"""

import argparse
import contextlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.graphql.company import HOME, agent_token, prepared_company
from benchmarks.graphql.floor import CLIENTS, create_floor, pgbench
from benchmarks.graphql.load import children, measure, required_tool, write_bodies
from benchmarks.graphql.operations import OPERATIONS
from benchmarks.graphql.report import Row, ratios, summary, table
from benchmarks.graphql.servers import POSTGRAPHILE, ROOT, STRAWBERRY, Server, prove_equal, servers

RESULTS = ROOT / "benchmarks" / "results" / "graphql.json"
BODIES = 4_000  # different requests per server and operation
_WARM_UP_S = 1


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and for how long."""

    customers: int
    seconds: int
    rounds: int
    clients: tuple[int, ...]
    peers: frozenset[str]
    operations: tuple[str, ...]
    database_apart: bool
    output: Path
    port: int


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything started and warm."""

    options: Options
    url: str
    started: list[Server]
    database_pid: int
    cores: set[int]

    def rounds(self) -> list[Row]:
        """All rounds, the servers taking turns within each."""
        rows: list[Row] = []
        floors = {operation: create_floor(self.url, operation, self.options.customers) for operation in OPERATIONS}
        for number in range(-1, self.options.rounds):  # the round before the first one warms everybody up
            for operation in self.options.operations:
                for clients in self.options.clients:
                    found = self._turn(operation, clients, number)
                    rows += found if number >= 0 else []
                if number >= 0:
                    floor = pgbench(self.url, floors[operation], self.options.seconds, self.cores)
                    rows.append(
                        {"server": "pgbench", "operation": operation, "clients": CLIENTS, "round": number, **floor}
                    )
        return rows

    def _turn(self, operation: str, clients: int, number: int) -> list[Row]:
        rows: list[Row] = []
        seconds = self.options.seconds if number >= 0 else min(_WARM_UP_S, self.options.seconds)
        for turn in range(len(self.started)):
            server = self.started[(turn + number) % len(self.started)]
            load = measure(
                server, bodies_file(server, operation), clients=clients, seconds=seconds,
                database_pid=self.database_pid, cores=self.cores, start=(number + 1) * 1009 + clients,
            )  # fmt: skip
            row = {"server": server.name, "operation": operation, "clients": clients, "round": number}
            rows.append(row | asdict(load))
        return rows


def bodies_file(server: Server, operation: str) -> Path:
    return HOME / f"{server.name}_{operation}.jsonl"


def write_all_bodies(server: Server, customers: int, *, first: int = 1) -> None:
    """Each request asks about another customer; every server is asked about the same ones."""
    for operation, query in server.queries.items():
        given = (server.variables(operation, number, customers) for number in range(first, first + BODIES))
        write_bodies(bodies_file(server, operation), query, given)


def pinned_database(*, apart: bool) -> tuple[int, set[int], set[int]]:
    """Pins the running PostgreSQL; returns its process, the servers' core and the load generator's cores."""
    cores = sorted(os.sched_getaffinity(0))
    server_core, other_cores = {cores[0]}, set(cores[1:]) or {cores[0]}
    database_pid = int((HOME / "postgres" / "postmaster.pid").read_text().split()[0])
    for pid in (database_pid, *children(database_pid)):
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.sched_setaffinity(pid, other_cores if apart else cores)
    return database_pid, server_core, other_cores


def run(options: Options) -> dict[str, Any]:
    """The whole comparison and what follows from it."""
    url = prepared_company(options.customers)
    database_pid, server_core, other_cores = pinned_database(apart=options.database_apart)
    load_before = os.getloadavg()
    with servers(url, options.port, server_core, agent_token(url), options.peers) as started:
        prove_equal(started, options.customers)
        print("answers are equal", flush=True)
        for server in started:
            write_all_bodies(server, options.customers)
        rounds = Bench(options, url, started, database_pid, other_cores).rounds()
    lines = summary(rounds)
    return {
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": {**asdict(options), "peers": sorted(options.peers), "output": options.output.name},
        "load_average_before": load_before,
        "rounds": rounds,
        "summary": lines,
        "ratios": ratios(lines),
    }


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graphql", description="GraphQL servers side by side")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--peers", default=f"{STRAWBERRY},{POSTGRAPHILE}", help="'' for ours and pgbench alone")
    parser.add_argument("--operations", default=",".join(OPERATIONS))
    parser.add_argument("--database-apart", action="store_true", help="keep PostgreSQL off the servers' core")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--port", type=int, default=21500)
    given = parser.parse_args()
    return Options(
        customers=given.customers,
        seconds=given.seconds,
        rounds=given.rounds,
        clients=tuple(int(one) for one in given.clients.split(",")),
        peers=frozenset(one for one in given.peers.split(",") if one),
        operations=tuple(given.operations.split(",")),
        database_apart=given.database_apart,
        output=given.output,
        port=given.port,
    )


def main() -> None:
    required_tool()
    options = _options()
    result = run(options)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1, default=str) + "\n")
    print(table(result["summary"]))
    print(json.dumps(result["ratios"], indent=1))


if __name__ == "__main__":
    main()
