"""A small closed-loop HTTP/1.1 load generator: so many clients, each with one connection and one request at a time.

Run as a program it reads a job as JSON on stdin and writes latencies and failures as JSON on stdout, so that it has a
process, and a core, of its own.
"""

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks import graphql_postgraphile
from benchmarks.graphql_operations import OPERATIONS, variables


class Client(asyncio.Protocol):
    """One connection; `ask` resolves with status and body."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lowered = bytes(self._buffer[:head]).lower()
        start = lowered.find(b"content-length:")
        length = int(lowered[start + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) >= head + 4 + length and self._answer is not None and not self._answer.done():
            body = bytes(self._buffer[head + 4 : head + 4 + length])
            self._answer.set_result((int(self._buffer[9:12]), body))
            self._buffer.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer


def request_bytes(url: str, token: str | None, query: str, given: dict[str, Any]) -> bytes:
    """One POST as bytes."""
    parts = urlsplit(url)
    body = json.dumps({"query": query, "variables": given}).encode()
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"accept: application/json\r\n{authorization}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Answers a job: operation, url, token, customers, clients, seconds, start (first request number)."""
    parts = urlsplit(job["url"])
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    failures = 0
    numbers = iter(range(job["start"], 10**12))
    until = time.perf_counter() + job["seconds"]

    async def client() -> None:
        nonlocal failures
        _, protocol = await loop.create_connection(Client, parts.hostname, parts.port)
        query = job.get("query") or OPERATIONS[job["operation"]]
        for number in numbers:
            if time.perf_counter() > until:
                break
            given = variables(job["operation"], number, job["customers"])
            message = request_bytes(job["url"], job["token"], query, _translated(given, job))
            sent = time.perf_counter()
            status, body = await protocol.ask(message)
            latencies.append(time.perf_counter() - sent)
            failures += status != 200 or b'"errors"' in body
        protocol.transport.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(job["clients"])))
    took = time.perf_counter() - started
    latencies.sort()
    return {
        "requests": len(latencies),
        "seconds": took,
        "rps": len(latencies) / took,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)] * 1000,
        "failures": failures,
    }


def _translated(given: dict[str, str], job: dict[str, Any]) -> dict[str, str]:
    """The same customers in a peer's own words."""
    return graphql_postgraphile.variables(given, job["cursor_digest"]) if job["cursor_digest"] else given


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(run(json.loads(sys.stdin.read())))))
