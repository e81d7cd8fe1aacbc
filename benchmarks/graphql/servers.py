"""The servers under test: how each is started on its core, asked, and ended."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.graphql import postgraphile
from benchmarks.graphql.company import HOME
from benchmarks.graphql.operations import OPERATIONS, variables

ROOT = Path(__file__).parents[2]
PARCOURS, STRAWBERRY, POSTGRAPHILE = "parcours", "strawberry_orm", "postgraphile"


@dataclass(slots=True)
class Server:
    """A server under test: its process, where it answers, and the operations in its own words."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    token: str | None = None
    queries: dict[str, str] = field(default_factory=lambda: OPERATIONS)
    cursor_digest: str | None = None

    def variables(self, operation: str, number: int, customers: int) -> dict[str, str]:
        """The variables of the n-th request in this server's words."""
        given = variables(operation, number, customers)
        return postgraphile.variables(given, self.cursor_digest) if self.name == POSTGRAPHILE else given

    def ask(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        """One request, decoded."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": given}).encode()
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - our own loopback address
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            decoded: dict[str, Any] = json.loads(response.read())
            return decoded

    def wait(self) -> None:
        """Returns when it answers."""
        deadline = time.monotonic() + 90
        while True:
            try:
                self.ask("{ __typename }", {})
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.2)


@contextlib.contextmanager
def servers(url: str, port: int, cores: set[int], token: str, peers: frozenset[str]) -> Iterator[list[Server]]:
    """Ours and the peers asked for, each one process on the same core, ended afterwards."""
    started: list[Server] = []
    try:
        started.append(_ours(url, port, cores, token))
        if STRAWBERRY in peers:
            started.append(_strawberry(url, port + 1, cores))
        if POSTGRAPHILE in peers:
            started.append(_postgraphile(url, port + 2, cores))
        for server in started:
            server.wait()
            if server.name == POSTGRAPHILE:
                server.cursor_digest = postgraphile.cursor_digest(partial(server.ask))
        yield started
    finally:
        for server in started:
            server.process.terminate()
        for server in started:
            server.process.wait(20)


def _ours(url: str, port: int, cores: set[int], token: str) -> Server:
    """As in production, second lock included; only the allowances of one caller are lifted."""
    process = _pinned(
        [sys.executable, "-m", "parcours", "serve", "api", "--port", str(port)],
        cores,
        PARCOURS,
        DATABASE_URL=url,
        PARCOURS_DATABASE_ROLE="parcours_service",
        PARCOURS_DATABASE_CONNECTIONS="2",  # as many as the database has cores
        PARCOURS_REQUESTS_PER_MINUTE="1000000000",
        PARCOURS_COST_PER_MINUTE="1000000000000",
    )
    return Server(PARCOURS, f"http://127.0.0.1:{port}/graphql", process, token)


def _strawberry(url: str, port: int, cores: set[int]) -> Server:
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    process = _pinned(
        [sys.executable, "-m", "uvicorn", "benchmarks.graphql.strawberry_orm.app:app", "--port", str(port), *options],
        cores,
        STRAWBERRY,
        DATABASE_URL=url,
    )
    return Server(STRAWBERRY, f"http://127.0.0.1:{port}/graphql/", process)


def _postgraphile(url: str, port: int, cores: set[int]) -> Server:
    process = _pinned(postgraphile.command(HOME, url, port), cores, POSTGRAPHILE)
    return Server(POSTGRAPHILE, f"http://127.0.0.1:{port}/graphql", process, queries=postgraphile.QUERIES)


def _pinned(arguments: list[str], cores: set[int], name: str, **environment: str) -> subprocess.Popen[bytes]:
    logs = HOME / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            arguments,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )


def prove_equal(started: list[Server], customers: int) -> None:
    """Every server gives our answer to every operation, for a few customers."""
    ours, *peers = started
    for operation, query in OPERATIONS.items():
        for number in (1, 2, 77):
            mine = ours.ask(query, ours.variables(operation, number, customers))
            assert "errors" not in mine, mine
            for peer in peers:
                theirs = peer.ask(peer.queries[operation], peer.variables(operation, number, customers))
                if peer.name == POSTGRAPHILE:
                    postgraphile.compare(operation, mine["data"], theirs["data"])
                else:
                    assert _normal(theirs) == _normal(mine), (peer.name, operation, _normal(theirs), _normal(mine))


def _normal(value: Any) -> Any:
    """Numbers as they compare, whatever their last digit."""
    if isinstance(value, dict):
        return {key: _normal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_normal(one) for one in value]
    if isinstance(value, float):
        return round(value, 9)
    return value
