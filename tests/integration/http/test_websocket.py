"""Operations over WebSockets follow graphql-transport-ws, message by message and close code by close code."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, serving


@pytest.fixture(scope="module")
def strict(live: Live) -> Iterator[Live]:
    """An edge of short patience."""
    settings = EdgeSettings(
        init_within_s=1.5,
        most_subscriptions=2,
        most_sockets=3,
        send_within_s=0.5,
        recheck_caller_s=0.2,
        caller_cached_s=0.1,
    )
    with serving(live.database_url, live.tokens, settings=settings) as served:
        yield served


@contextmanager
def opened(live: Live, **options: Any) -> Iterator[ClientConnection]:
    url = live.url.replace("http", "ws") + "/graphql"
    chosen: Any = {"subprotocols": [Subprotocol("graphql-transport-ws")], "open_timeout": 60} | options
    with connect(url, **chosen) as socket:
        yield socket


@contextmanager
def talking(live: Live, role: str = "agent", **options: Any) -> Iterator[ClientConnection]:
    with opened(live, **options) as socket:
        say(socket, type="connection_init", payload={"authorization": f"Bearer {live.tokens[role]}"})
        assert heard(socket) == {"type": "connection_ack"}
        yield socket


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return message


def closed_with(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        list(iter(lambda: socket.recv(timeout=60), object()))
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def wait_until(claim: Any) -> None:
    give_up_at = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < give_up_at, "it did not come true within a minute"
        time.sleep(0.02)


def test_a_subscription_streams_its_events_and_completes(live: Live) -> None:
    with talking(live) as socket:
        say(socket, type="subscribe", id="a", payload={"query": "subscription { count(to: 2) }"})
        assert heard(socket) == {"type": "next", "id": "a", "payload": {"data": {"count": 0}}}
        assert heard(socket) == {"type": "next", "id": "a", "payload": {"data": {"count": 1}}}
        assert heard(socket) == {"type": "complete", "id": "a"}


def test_queries_and_mutations_run_over_the_socket_too(live: Live) -> None:
    with talking(live) as socket:
        say(socket, type="subscribe", id="q", payload={"query": "{ hello }", "variables": None})
        assert heard(socket)["payload"] == {"data": {"hello": "hello world"}}
        assert heard(socket) == {"type": "complete", "id": "q"}


def test_an_operation_that_cannot_run_is_an_error_and_no_complete(live: Live) -> None:
    with talking(live) as socket:
        for query in ("subscription { nothing }", "subscription {"):
            say(socket, type="subscribe", id="e", payload={"query": query})
            message = heard(socket)
            assert (message["type"], message["id"]) == ("error", "e")
            assert message["payload"][0]["extensions"]["code"] in ("VALIDATION_FAILED", "PARSE_FAILED")
        say(socket, type="ping", payload={"n": 1})
        assert heard(socket) == {"type": "pong", "payload": {"n": 1}}


def test_several_operations_share_a_connection_and_complete_stops_one(live: Live) -> None:
    before = live.small.open_subscriptions
    with talking(live) as socket:
        say(socket, type="subscribe", id="slow", payload={"query": "subscription { count(to: 9, every: 60) }"})
        wait_until(lambda: live.small.open_subscriptions == before + 1)
        say(socket, type="subscribe", id="quick", payload={"query": "subscription { count(to: 1) }"})
        assert [heard(socket)["id"], heard(socket)["id"]] == ["quick", "quick"]
        say(socket, type="complete", id="slow")
        wait_until(lambda: live.small.open_subscriptions == before)


def test_leaving_ends_all_operations(live: Live) -> None:
    before = live.small.open_subscriptions
    with talking(live) as socket:
        for name in ("a", "b"):
            say(socket, type="subscribe", id=name, payload={"query": "subscription { count(to: 9, every: 60) }"})
        wait_until(lambda: live.small.open_subscriptions == before + 2)
    wait_until(lambda: live.small.open_subscriptions == before)


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        '{"type":"unknown"}',
        '{"type":"subscribe","id":"a"}',
        '{"type":"subscribe","payload":{}}',
        b"\x00",
    ],
)
def test_a_message_outside_the_protocol_closes_with_4400(live: Live, message: str | bytes) -> None:
    with talking(live) as socket:
        socket.send(message)
        assert closed_with(socket) == 4400


def test_subscribing_before_the_acknowledgement_closes_with_4401(live: Live) -> None:
    with opened(live) as socket:
        say(socket, type="subscribe", id="a", payload={"query": "{ hello }"})
        assert closed_with(socket) == 4401


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer prc_0000000000_wrong"}, {"authorization": 7}])
def test_an_unknown_caller_is_closed_with_4403(live: Live, payload: Any) -> None:
    with opened(live) as socket:
        say(socket, type="connection_init", payload=payload)
        assert closed_with(socket) == 4403


def test_a_second_init_closes_with_4429(live: Live) -> None:
    with talking(live) as socket:
        say(socket, type="connection_init")
        assert closed_with(socket) == 4429


def test_a_second_subscriber_of_one_id_closes_with_4409(live: Live) -> None:
    with talking(live) as socket:
        for _ in range(2):
            say(socket, type="subscribe", id="a", payload={"query": "subscription { count(to: 9, every: 60) }"})
        assert closed_with(socket) == 4409


def test_silence_instead_of_an_init_closes_with_4408(strict: Live) -> None:
    with opened(strict) as socket:
        assert closed_with(socket) == 4408


def test_another_subprotocol_closes_with_4406(live: Live) -> None:
    with opened(live, subprotocols=[Subprotocol("graphql-ws")]) as socket:
        assert closed_with(socket) == 4406


def test_a_foreign_page_may_not_open_a_socket(live: Live) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(live, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_operations_per_connection_are_bounded(strict: Live) -> None:
    with talking(strict) as socket:
        for name in ("a", "b", "c"):
            say(socket, type="subscribe", id=name, payload={"query": "subscription { count(to: 9, every: 60) }"})
        message = heard(socket)
        assert (message["type"], message["id"]) == ("error", "c")
        assert message["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_connections_are_bounded(strict: Live) -> None:
    wait_until(lambda: _room(strict))
    with talking(strict), talking(strict), talking(strict), opened(strict) as one_more:
        assert closed_with(one_more) == 1013


def test_a_client_that_does_not_read_is_not_produced_for_and_then_let_go(strict: Live) -> None:
    wait_until(lambda: _room(strict))
    with talking(strict, max_queue=1, close_timeout=0.1) as socket:
        produced = strict.small.produced
        say(socket, type="subscribe", id="f", payload={"query": "subscription { flood(bytes: 200000) }"})
        wait_until(lambda: strict.small.produced > produced)
        wait_until(lambda: strict.small.open_subscriptions == 0)
        assert strict.small.produced - produced < 200, "events pile up in memory"


def test_a_caller_whose_key_is_revoked_is_let_go(strict: Live) -> None:
    import asyncio
    from datetime import UTC, datetime

    from profile_api.access.api_keys import create_api_key, revoke_api_key
    from profile_api.access.roles import Role
    from profile_api.store.database import connect as connect_database

    async def change(work: Any) -> Any:
        connection = await connect_database(strict.database_url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    now = datetime.now(UTC)
    token = asyncio.run(change(lambda c: create_api_key(c, tenant="shop", role=Role.AGENT, name="leaver", now=now)))
    wait_until(lambda: _room(strict))
    with opened(strict) as socket:
        say(socket, type="connection_init", payload={"token": token})
        assert heard(socket) == {"type": "connection_ack"}
        asyncio.run(change(lambda c: revoke_api_key(c, public_id=token.split("_")[1], now=now)))
        assert closed_with(socket) == 4403


def _room(live: Live) -> bool:
    metrics = httpx.get(live.url + "/metrics").text
    return 'parcours_subscriptions{transport="websocket"} 0.0' in metrics
