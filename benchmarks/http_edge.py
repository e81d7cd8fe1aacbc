"""What HTTP costs around a GraphQL operation: CPU per request of our edge with an executor that does nothing.

`python -m benchmarks.http_edge` serves, one after the other and in interleaved rounds, the floor (llhttp on an asyncio
protocol), uvicorn with an ASGI application of four lines, and our edge by its short and by its long way, and asks each
with wrk over 16 connections. It writes `benchmarks/results/http_edge.json`. The least of the rounds counts: whatever
else runs on the machine only adds.
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
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httptools
import psycopg
import uvicorn
import uvloop

from benchmarks.graphql.load import cpu_s, required_tool
from machine.embedded_postgres import start_embedded_postgres
from profile_api.access.api_keys import create_demo_keys
from profile_api.access.connections import access_pool
from profile_api.graph.request import Answer, AnswerKind, Caller, GraphQLRequest, OperationKind, Prepared, Scope, Tell
from profile_api.http.app import build_app
from profile_api.http.serve import server_options
from profile_api.http.settings import EdgeSettings
from profile_api.store.migrate import migrate

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".parcours" / "bench"
RESULTS = ROOT / "benchmarks" / "results" / "http_edge.json"
BODY = b'{"data":{"customer":{"id":"cus_1","displayName":"Ada","lifecycle":{"stage":"LOYAL"}}}}'
QUERY = "query Tiny($id: ID!) { customer(id: $id) { id displayName lifecycle { stage } } }"
CONNECTIONS = 16
ORIGIN = "https://shop.example"
KINDS = ("floor", "uvicorn", "edge", "edge, from a browser", "edge, long way")


class Nothing:
    """A prepared operation that needs nothing."""

    kind = OperationKind.QUERY
    cost = 1
    scopes: frozenset[Scope] = frozenset()


class NothingRead:
    """A read that is answered before it is sent."""

    cost = 1

    def send(self, tell: Tell) -> None:
        tell(Answer(kind=AnswerKind.OK, body=BODY, operation=OperationKind.QUERY))


class NullExecutor:
    """Answers everything at once with the same bytes."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def prepare(self, request: GraphQLRequest, caller: Caller) -> Prepared:
        return Nothing()

    def reading(self, request: GraphQLRequest, caller: Caller, **_: Any) -> NothingRead:
        return NothingRead()

    async def execute(self, request: GraphQLRequest, caller: Caller, **_: Any) -> Answer:
        return Answer(kind=AnswerKind.OK, body=BODY, operation=OperationKind.QUERY)

    def subscribe(self, request: GraphQLRequest, caller: Caller) -> Any:
        raise NotImplementedError


class Floor(asyncio.Protocol):
    """What no HTTP server in this language can do without: the kernel, llhttp, one write."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY)


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """The smallest ASGI application that answers."""
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def serve(kind: str, port: int) -> None:
    """Runs one server until it is ended."""
    if kind == "floor":
        uvloop.run(_serve_floor(port))
    elif kind == "uvicorn":
        uvicorn.run(plain, port=port, **server_options() | {"http": "httptools", "lifespan": "off"})
    else:
        settings = EdgeSettings(requests_per_minute=10**9, cost_per_minute=10**9, cors_origins=(ORIGIN,))

        def build() -> Any:
            url = os.environ["DATABASE_URL"]
            return build_app(settings=settings, executor=NullExecutor(), connections=access_pool(url))

        uvicorn.run(build, factory=True, port=port, **server_options())


async def _serve_floor(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Floor, "127.0.0.1", port)
    await server.serve_forever()


def prepared_database() -> tuple[str, str]:
    """The URL of a database with nobody in it, and a token for it."""
    url = start_embedded_postgres(HOME / "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database if exists bench_edge with (force)")
        connection.execute("create database bench_edge")
    url = url.replace("/postgres?", "/bench_edge?")
    migrate(url)
    return url, asyncio.run(_token(url))


async def _token(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('bench', 'Bench', 'EUR', 'Europe/Paris')"
        )
        return (await create_demo_keys(connection, tenant="bench", now=datetime.now(UTC)))["agent"]
    finally:
        await connection.close()


@contextlib.contextmanager
def running(kind: str, port: int, url: str, token: str, core: int) -> Iterator[int]:
    """The process id of a server that answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.http_edge", "--serve", kind, "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {token}"},
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):  # noqa: S310
                break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def measured(pid: int, port: int, token: str, *, kind: str, seconds: int, core: int) -> dict[str, float]:
    """One timed run against a server that is warm."""
    script = HOME / "http_edge.lua"
    headers = {"content-type": "application/json", "accept": "application/json", "authorization": f"Bearer {token}"}
    if kind == "edge, from a browser":
        headers["origin"] = ORIGIN
    path = "/graphql?" if kind == "edge, long way" else "/graphql"  # a query string, even none, is for Starlette
    lines = "".join(f"wrk.headers['{name}'] = '{value}'\n" for name, value in headers.items())
    body = json.dumps({"query": QUERY, "variables": {"id": "cus_1"}})
    script.write_text(
        f"wrk.method = 'POST'\n{lines}wrk.body = '{body}'\nfunction done(summary)\n  local errors = summary.errors\n"
        "  print(string.format('%d %d', summary.requests, errors.status + errors.read + errors.timeout))\nend\n"
    )
    before, started = cpu_s(pid), time.perf_counter()
    said = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    requests, failures = map(int, said.stdout.splitlines()[-1].split())
    took = time.perf_counter() - started
    return {"cpu_us": (cpu_s(pid) - before) / requests * 1e6, "rps": requests / took, "failures": failures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--serve", choices=KINDS)
    parser.add_argument("--port", type=int, default=21600)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve, given.port)
        return
    required_tool()
    cores = sorted(os.sched_getaffinity(0))
    url, token = prepared_database()
    rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for number in range(given.rounds):
        for place, kind in enumerate(KINDS):
            port = given.port + number * len(KINDS) + place
            with running(kind, port, url, token, cores[0]) as pid:
                ask = partial(measured, pid, port, token, kind=kind, core=cores[-1])
                ask(seconds=1)
                rounds[kind].append(ask(seconds=given.seconds))
    least = {kind: round(min(one["cpu_us"] for one in of_kind), 1) for kind, of_kind in rounds.items()}
    machine = {"cores": len(cores), "platform": platform.platform(), "python": platform.python_version()}
    result = {"machine": machine, "at": datetime.now(UTC).isoformat(timespec="seconds"), "rounds": rounds}
    RESULTS.write_text(json.dumps(result | {"least_cpu_us": least, "load_average": os.getloadavg()}, indent=1) + "\n")
    for kind, cpu in least.items():
        print(f"{kind:16}{cpu:8.1f} µs of CPU per request")


if __name__ == "__main__":
    main()
