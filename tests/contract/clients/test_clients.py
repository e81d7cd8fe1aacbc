"""Clients that front-end and platform teams use work against the API as they come."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients.conftest import HERE, RunClient
from tests.integration.http.conftest import Live

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "typed-client"
LIST = "query Newest { customers(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"
EMPTY = {"customers": {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}


def without_typename(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_typename(inner) for key, inner in value.items() if key != "__typename"}
    return [without_typename(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def sdl(real: Live) -> str:
    with real.client("service") as client:
        answer = client.post("/graphql", json={"query": "{ _service { sdl } }"}).json()
    text: str = answer["data"]["_service"]["sdl"]
    return text


@pytest.fixture(scope="module")
def api_sdl(real: Live) -> str:
    """The schema as introspection tells it, without federation."""
    from graphql import build_client_schema, get_introspection_query, print_schema

    with real.client("service") as client:
        answer = client.post("/graphql", json={"query": get_introspection_query(descriptions=False)}).json()
    return print_schema(build_client_schema(answer["data"]))


def test_graphql_http_finds_nothing_to_criticise(run_client: RunClient, real: Live) -> None:
    findings = run_client("audits.mjs", url=real.url + "/graphql", token=real.tokens["agent"])
    assert [finding for finding in findings if finding["status"] != "ok"] == []
    counts = {word: sum(finding["name"].startswith(word) for finding in findings) for word in ("MUST", "SHOULD", "MAY")}
    assert counts == {"MUST": 13, "SHOULD": 23, "MAY": 25}


def test_apollo_client_queries_persists_and_reads_errors(run_client: RunClient, real: Live) -> None:
    result = run_client(
        "apollo.mjs",
        url=real.url + "/graphql",
        token=real.tokens["agent"],
        query=LIST,
        invalid="{ customers(first: -1) { edges { cursor } } }",
    )
    assert [without_typename(result[name]) for name in ("plain", "first", "again")] == [EMPTY] * 3
    assert result["code"] == "BAD_ARGUMENT"
    assert [request["method"] for request in result["seen"]] == ["POST", "GET", "POST", "GET", "POST"]
    assert {request["type"] for request in result["seen"]} == {"application/graphql-response+json; charset=utf-8"}


def test_urql_queries_persists_and_subscribes(run_client: RunClient, live: Live) -> None:
    result = run_client(
        "urql.mjs",
        url=live.url + "/graphql",
        token=live.tokens["agent"],
        query='{ hello(name: "urql") }',
        subscription="subscription { count(to: 3) }",
        events=3,
    )
    assert result["errors"] == [None, None, None]
    assert result["plain"] == result["first"] == result["again"] == {"hello": "hello urql"}
    assert result["received"][:3] == [{"count": 0}, {"count": 1}, {"count": 2}]  # urql repeats the last one at the end


def test_graphql_ws_streams_answers_and_is_turned_away(run_client: RunClient, live: Live) -> None:
    result = run_client(
        "graphql_ws.mjs",
        url=live.url.replace("http", "ws") + "/graphql",
        token=live.tokens["agent"],
        query="{ hello }",
        subscription="subscription { count(to: 2) }",
        invalid="subscription { nothing }",
    )
    assert result["streamed"] == {"received": [{"data": {"count": 0}}, {"data": {"count": 1}}], "error": None}
    assert result["answered"] == {"received": [{"data": {"hello": "hello world"}}], "error": None}
    assert result["refused"]["error"][0]["extensions"]["code"] == "VALIDATION_FAILED"
    assert result["turnedAway"]["error"] == {"code": 4403}


def test_graphql_sse_streams_answers_and_errors(run_client: RunClient, live: Live) -> None:
    result = run_client(
        "graphql_sse.mjs",
        url=live.url + "/graphql/stream",
        token=live.tokens["agent"],
        query="{ hello }",
        subscription="subscription { count(to: 2) }",
        invalid="subscription { nothing }",
    )
    assert result["streamed"] == {"received": [{"data": {"count": 0}}, {"data": {"count": 1}}], "error": None}
    assert result["answered"] == {"received": [{"data": {"hello": "hello world"}}], "error": None}
    assert result["refused"]["received"][0]["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"


RELAY_SOURCE = """
import { graphql } from "react-relay";
export const page = graphql`
  query CustomersPageQuery { ...Customers_list }
`;
export const list = graphql`
  fragment Customers_list on Query
  @refetchable(queryName: "CustomersListQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
    customers(first: $count, after: $cursor) @connection(key: "Customers_customers") {
      edges { node { ...Customers_card } }
    }
  }
`;
export const card = graphql`
  fragment Customers_card on Customer @refetchable(queryName: "CustomersCardQuery") {
    id
    lifecycle { stage since }
  }
`;
"""


def test_the_relay_compiler_accepts_schema_connections_and_node(run_client: RunClient, api_sdl: str) -> None:
    written = run_client("relay.mjs", sdl=api_sdl, source=RELAY_SOURCE.replace("CustomersPageQuery", "CustomersQuery"))
    assert "CustomersCardQuery.graphql.js" in written
    assert "CustomersListQuery.graphql.js" in written


def test_the_typed_client_of_the_guide_generates_compiles_and_answers(
    run_client: RunClient, real: Live, api_sdl: str, tmp_path: Path
) -> None:
    example = tmp_path / "typed-client"
    shutil.copytree(GUIDE, example)
    (example / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "schema.graphql").write_text(api_sdl)
    environment = os.environ | {"SCHEMA": str(tmp_path / "schema.graphql")}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=example, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("node", "generate.mjs")
    run("node", "node_modules/typescript/bin/tsc")
    url = real.url + "/graphql"
    assert json.loads(run("node", "dist/example.js", url, real.tokens["agent"], "u-1")) == {"stage": None, "count": 0}
    refused = json.loads(run("node", "dist/example.js", url, "prc_0000000000_nobody", "u-1"))
    assert refused == {"refused": "UNAUTHENTICATED", "status": 401}


def test_the_subgraph_composes_with_another(run_client: RunClient, sdl: str) -> None:
    other = """
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Query { basketCount: Int! }
    type Customer @key(fields: "id") { id: ID! openBaskets: Int! }
    """
    assert run_client("composition.mjs", sdl=sdl, other=other) == {"errors": [], "composed": True}


@pytest.mark.anyio
async def test_python_gql_queries_and_validates_against_the_schema(real: Live) -> None:
    from gql import Client, gql
    from gql.transport.httpx import HTTPXAsyncTransport

    headers = {"Authorization": f"Bearer {real.tokens['agent']}"}
    transport = HTTPXAsyncTransport(url=real.url + "/graphql", headers=headers)
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert await session.execute(gql(LIST)) == EMPTY


def test_the_typed_client_of_the_guide_is_tested_with_the_versions_it_pins() -> None:
    guide = json.loads((GUIDE / "package.json").read_text())
    ours = json.loads((HERE / "package.json").read_text())["devDependencies"]
    pinned = guide["dependencies"] | guide["devDependencies"]
    assert pinned.items() <= ours.items()
