"""The short way answers like the long one, whatever pieces requests come in, and nobody keeps us waiting."""

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, serving
from tests.integration.http.test_websocket import wait_until

GRAPHQL = "application/graphql-response+json"


@contextmanager
def connected(live: Live) -> Iterator[socket.socket]:
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened


def post(live: Live, name: str, *, query: str = "query($n: String) { hello(name: $n) }") -> bytes:
    body = json.dumps({"query": query, "variables": {"n": name}})
    lines = [
        "POST /graphql HTTP/1.1", "host: x", "content-type: application/json", f"content-length: {len(body)}",
        f"authorization: Bearer {live.tokens['agent']}",
    ]  # fmt: skip
    return "\r\n".join([*lines, "", body]).encode()


def heard(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next response; leaves what follows it in the socket."""
    response = _Response(connection)
    response.begin()
    return response.status, dict(response.getheaders()), response.read()


class _Response(http.client.HTTPResponse):
    """Reads byte by byte, so that nothing of the next response is taken."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.fp.close()
        self.fp = io.BufferedReader(connection.makefile("rb", buffering=0), buffer_size=1)


def greeting(connection: socket.socket) -> str:
    status, _, body = heard(connection)
    assert status == 200, body
    text: str = json.loads(body)["data"]["hello"]
    return text


def keep_sending(connection: socket.socket, data: bytes, *, pause_s: float = 0.0) -> None:
    for _ in range(500):
        connection.sendall(data)
        time.sleep(pause_s)


def is_ended(connection: socket.socket) -> bool:
    """Whether the server hangs up before the socket's timeout."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


BODIES: list[Any] = [
    {"query": "{ hello }"},
    {"query": "{ broken }"},
    {"query": "{ hello"},
    {"query": "{ nothing }"},
    {"query": "subscription { count(to: 1) }"},
    {"query": 'mutation { rename(name: "x") }'},
    {"query": "query($of: Int!) { cost(of: $of) }", "variables": {"of": "crash"}},
    {"query": "{ hello }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "unknown"}}},
    [{"query": "{ hello }"}, {"query": "{ nothing }"}],
    [],
    None,
    {"query": "{ hello }", "variables": {"n": "x" * 2_000_000}},
]


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json", "text/html", "image/png"])
@pytest.mark.parametrize("authorization", ["known", "unknown"])
def test_both_ways_give_the_same_answers(live: Live, accept: str, authorization: str) -> None:
    """A body in pieces makes a request go the long way. What was met before is answered without a task."""
    token = live.tokens["agent"] if authorization == "known" else "nobody"
    headers = {"accept": accept, "authorization": f"Bearer {token}", "x-request-id": "same"}

    def told(response: httpx.Response) -> Any:
        changing = {"traceresponse", "server-timing", "ratelimit"}
        return (
            response.status_code,
            [(name, "" if name in changing else value) for name, value in response.headers.multi_items()],
            response.content,
        )

    with httpx.Client(base_url=live.url, headers=headers, timeout=20) as client:
        for body in BODIES:
            for content_type in ("application/json", "text/plain"):
                content = json.dumps(body).encode()
                ways = [
                    told(client.post("/graphql", content=way, headers={"content-type": content_type}))
                    for way in (content, content, iter([content]))
                ]
                assert ways[0] == ways[1] == ways[2], (body, content_type)


def test_requests_sent_ahead_are_answered_in_order(live: Live) -> None:
    with connected(live) as connection:
        connection.sendall(b"".join(post(live, str(number)) for number in range(30)))
        assert [greeting(connection) for _ in range(30)] == [f"hello {number}" for number in range(30)]


def test_a_request_may_come_in_pieces_and_with_the_next_one(live: Live) -> None:
    stream = post(live, "first") + post(live, "second")
    middle = len(stream) // 2
    with connected(live) as connection:
        for cut in (1, 5, 20, 80, middle - 40, middle - 1, middle, middle + 1, middle + 30, len(stream) - 1):
            connection.sendall(stream[:cut])
            time.sleep(0.01)
            connection.sendall(stream[cut:])
            assert [greeting(connection), greeting(connection)] == ["hello first", "hello second"]


def test_a_connection_changes_from_one_way_to_the_other_and_to_a_websocket(live: Live) -> None:
    alive = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
    upgrade = (
        b"GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\n"
        b"sec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    )
    with connected(live) as connection:
        connection.sendall(post(live, "a") + alive + post(live, "b"))
        assert greeting(connection) == "hello a"
        assert heard(connection)[0] == 200
        assert greeting(connection) == "hello b"
        connection.sendall(upgrade)
        assert heard(connection)[0] == 101


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 5\r\ncontent-length: 6", "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: -1", "content-length: +5",
        "content-length: 5, 5", "content-length: 0x5", "content-length : 5", "x: \x00",
        "content-length: 5\n\nx: y", "no colon",
    ],
)  # fmt: skip
def test_a_head_that_two_servers_could_read_differently_is_refused(live: Live, head: str) -> None:
    with connected(live) as connection:
        known = f"authorization: Bearer {live.tokens['agent']}\r\ncontent-type: application/json"
        connection.sendall(f"POST /graphql HTTP/1.1\r\nhost: x\r\n{known}\r\n{head}\r\n\r\nhello".encode())
        connection.sendall(post(live, "smuggled"))
        status, _, body = heard(connection)
        assert (status, b"smuggled" in body) == (400, False)
        assert is_ended(connection)


@pytest.fixture(scope="module")
def impatient(live: Live) -> Iterator[Live]:
    settings = EdgeSettings(body_within_s=0.4, send_within_s=0.4)
    with serving(live.database_url, live.tokens, settings=settings, timeout_keep_alive=1) as served:
        yield served


@pytest.mark.parametrize("before", [b"", b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"])
@pytest.mark.parametrize("piece", [b"POST /graphql HTTP/1.1\r\nhost: ", b"GET /livez HTTP/1.1\r\nx: "])
def test_a_head_that_trickles_in_is_not_waited_for(impatient: Live, before: bytes, piece: bytes) -> None:
    with connected(impatient) as connection:
        if before:
            connection.sendall(before)
            heard(connection)
        connection.sendall(piece)
        with pytest.raises(ConnectionError):
            keep_sending(connection, b"x", pause_s=0.05)  # a byte now and then does not help


@pytest.mark.parametrize("before", [b"", b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_a_head_without_end_is_refused(live: Live, before: bytes) -> None:
    with connected(live) as connection:
        if before:
            connection.sendall(before)
            heard(connection)
        connection.sendall(b"GET /livez HTTP/1.1\r\nx: ")
        with pytest.raises(ConnectionError):
            keep_sending(connection, b"y" * 10_000)


@pytest.mark.parametrize("size", [50_000, 200_000])
def test_a_client_that_does_not_read_is_not_answered_for_ever(impatient: Live, size: int) -> None:
    """The larger ones go the long way."""
    with connected(impatient) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(ConnectionError):
            keep_sending(connection, post(impatient, "x" * size), pause_s=0.005)  # the kernel may hold all of it


def test_an_idle_connection_is_ended(impatient: Live) -> None:
    with connected(impatient) as never_asked, connected(impatient) as asked_once:
        asked_once.sendall(post(impatient, "once"))
        assert greeting(asked_once) == "hello once"
        assert is_ended(never_asked)
        assert is_ended(asked_once)


def test_a_stranger_is_turned_away_before_a_large_body_is_read(live: Live) -> None:
    with connected(live) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n"
            b"authorization: Bearer nobody\r\n\r\n{"
        )
        assert heard(connection)[0] == 401


def test_connections_beyond_the_bound_are_turned_away(live: Live) -> None:
    with (
        serving(live.database_url, live.tokens, settings=EdgeSettings(), limit_concurrency=2) as narrow,
        connected(narrow),
        connected(narrow) as one_more,
    ):
        one_more.sendall(post(narrow, "x"))
        assert heard(one_more)[0] == 503


def test_a_request_under_way_is_answered_when_the_server_ends(live: Live) -> None:
    answers: list[tuple[int, dict[str, str], bytes]] = []
    with ExitStack() as server:
        served = serving(live.database_url, live.tokens, settings=EdgeSettings(), timeout_graceful_shutdown=60)
        ending = server.enter_context(served)
        with connected(ending) as connection:
            connection.sendall(post(ending, "before"))
            greeting(connection)
            connection.sendall(post(ending, "", query="{ wait(seconds: 1.5) }"))
            reader = threading.Thread(target=lambda: answers.append(heard(connection)))
            reader.start()
            wait_until(lambda: ending.small.waiting == 1)
            server.close()
            reader.join(60)
            assert is_ended(connection)
    [(status, headers, said)] = answers
    assert (status, headers["connection"]) == (200, "close")
    assert json.loads(said) == {"data": {"wait": "waited"}}


def test_a_request_the_server_does_not_wait_for_at_its_end_is_hung_up_on(live: Live) -> None:
    with ExitStack() as server:
        served = serving(live.database_url, live.tokens, settings=EdgeSettings(), timeout_graceful_shutdown=0)
        ending = server.enter_context(served)
        with connected(ending) as connection:
            connection.sendall(post(ending, "", query="{ wait(seconds: 600) }"))
            wait_until(lambda: ending.small.waiting == 1)
            server.close()
            assert is_ended(connection)


def test_strangers_are_told_apart_by_the_address_a_trusted_proxy_gives(live: Live) -> None:
    settings = EdgeSettings(failed_logins_per_minute=2)
    with serving(live.database_url, live.tokens, settings=settings) as guarded:

        def status(number: int, address: str) -> int:
            headers = {"authorization": f"Bearer prc_0123456789_{number}", "x-forwarded-for": address}
            return httpx.post(guarded.url + "/graphql", json={"query": "{ hello }"}, headers=headers).status_code

        assert [status(number, "198.51.100.7") for number in range(3)] == [401, 401, 429]
        assert status(3, "198.51.100.8") == 401
