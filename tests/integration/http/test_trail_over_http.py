"""A request's trace reaches the trail of personal data, whichever way it came; `parcours audit` tells it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from parcours.cli import build_app
from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import SERVICE_ROLE, EdgeSettings
from tests.integration.http.conftest import Live, serving
from tests.integration.http.test_websocket import heard, opened, say

TRACES = {"http": "a" * 32, "long way": "b" * 32, "socket": "c" * 32}


@pytest.fixture(scope="module")
def shop(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    with psycopg.connect(edge_database, autocommit=True) as connection:
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at, given_name)"
            " select 4711, id, 4711, now(), 'Ada' from tenant where key = 'shop'"
        )
    engine = lambda: GraphEngine(edge_database, database_role=SERVICE_ROLE)  # noqa: E731
    with serving(edge_database, edge_tokens, settings=EdgeSettings(), engine=engine) as live:
        yield live


def told(live: Live, *options: str) -> list[dict[str, Any]]:
    environment = {"DATABASE_URL": live.database_url, "PARCOURS_TENANT": "shop"}
    result = CliRunner().invoke(build_app(), ["audit", *options], env=environment)
    assert result.exit_code == 0, result.output
    return [dict(entry) for entry in json.loads(result.stdout)] if "--json" in options else [{"line": result.stdout}]


def test_the_trace_of_a_request_is_in_the_trail(shop: Live) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    query = 'query Greet { customer(id: "cus_4711") { givenName } }'
    with shop.client(traceparent=f"00-{TRACES['http']}-{'1' * 16}-01") as client:
        assert "Ada" in client.post("/graphql", json={"query": query}).text
    with shop.client(traceparent=f"00-{TRACES['long way']}-{'1' * 16}-01") as client:
        assert "Ada" in client.get("/graphql", params={"query": query}).text
    with opened(shop, additional_headers={"traceparent": f"00-{TRACES['socket']}-{'1' * 16}-01"}) as socket:
        say(socket, type="connection_init", payload={"token": shop.tokens["agent"]})
        assert heard(socket)["type"] == "connection_ack"
        say(socket, type="subscribe", id="q", payload={"query": query})
        assert "Ada" in str(heard(socket))
    for _ in range(400):
        entries = told(shop, "--json", "--customer", "cus_4711", "--since", since)
        if len(entries) == 3:
            break
        time.sleep(0.05)
    assert {entry["trace_id"] for entry in entries} == set(TRACES.values())
    assert {(entry["operation"], *entry["customers"], *entry["read"]) for entry in entries} == {
        ("Greet", "cus_4711", "NAME")
    }
    [line] = told(shop, "--limit", "1")
    assert "(agent)  Greet  of cus_4711:  NAME" in line["line"]
    assert "Ada" not in str(entries) + line["line"]
    assert told(shop, "--caller", "nobody") == [{"line": "nobody read any\n"}]
