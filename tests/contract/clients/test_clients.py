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

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "how-to" / "typed-client"
LIST = """query Newest { customers(first: 2) {
  edges { cursor node { id displayName lifecycle { stage } } } pageInfo { hasNextPage endCursor } } }"""
WATCH = """subscription Watch($id: ID!, $since: DateTime) {
  customerChanged(id: $id, since: $since) { customer { id consents { purpose status } } } }"""
ALLOW = """mutation Allow($input: SetConsentInput!) {
  setConsent(input: $input) { consent { purpose status } } }"""
INVALID = "subscription { nothing }"
ZOE = '{ customer(identity: {type: USER_ID, value: "zoe"}) { lifecycle { stage } } }'
ANA = "cus_101"


@pytest.fixture(scope="module")
def newest(real: Live) -> dict[str, Any]:
    """What the API itself says to LIST."""
    with real.client() as client:
        data: dict[str, Any] = client.post("/graphql", json={"query": LIST}).json()["data"]
    assert len(data["customers"]["edges"]) == 2
    assert data["customers"]["pageInfo"]["hasNextPage"]
    return data


def watching(purpose: str) -> dict[str, Any]:
    """What a script needs to listen to Ana and to change something about her."""
    return {
        "query": LIST,
        "subscription": WATCH,
        "watched": {"id": ANA, "since": "2026-01-01T00:00:00Z"},
        "mutation": ALLOW,
        "change": {"input": {"customerId": ANA, "purpose": purpose, "status": "GRANTED"}},
    }


def granted(event: dict[str, Any], purpose: str) -> bool:
    """Whether an event shows Ana, and that she agreed."""
    customer = event["customerChanged"]["customer"]
    assert customer["id"] == ANA
    return (purpose.upper(), "GRANTED") in {(consent["purpose"], consent["status"]) for consent in customer["consents"]}


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


def test_apollo_client_queries_persists_and_reads_errors(
    run_client: RunClient, real: Live, newest: dict[str, Any]
) -> None:
    result = run_client(
        "apollo.mjs",
        url=real.url + "/graphql",
        token=real.tokens["agent"],
        query=LIST,
        invalid="{ customers(first: -1) { edges { cursor } } }",
    )
    assert [without_typename(result[name]) for name in ("plain", "first", "again")] == [newest] * 3
    assert result["code"] == "BAD_ARGUMENT"
    assert [request["method"] for request in result["seen"]] == ["POST", "GET", "POST", "GET", "POST"]
    assert {request["type"] for request in result["seen"]} == {"application/graphql-response+json; charset=utf-8"}


def test_urql_queries_persists_and_hears_of_its_own_mutation(
    run_client: RunClient, real: Live, newest: dict[str, Any]
) -> None:
    result = run_client("urql.mjs", url=real.url + "/graphql", token=real.tokens["agent"], **watching("urql"))
    assert result["errors"] == [None, None, None]
    assert [without_typename(result[name]) for name in ("plain", "first", "again")] == [newest] * 3
    assert [granted(event, "urql") for event in result["live"]] == [False, True]


def test_graphql_ws_hears_of_its_own_mutation_and_is_turned_away(
    run_client: RunClient, real: Live, newest: dict[str, Any]
) -> None:
    url = real.url.replace("http", "ws") + "/graphql"
    result = run_client(
        "graphql_ws.mjs", url=url, token=real.tokens["agent"], invalid=INVALID, **watching("graphql-ws")
    )
    assert [granted(event["data"], "graphql-ws") for event in result["live"]["received"]] == [False, True]
    assert result["answered"] == {"received": [{"data": newest}], "error": None}
    assert result["refused"]["error"][0]["extensions"]["code"] == "VALIDATION_FAILED"
    assert result["turnedAway"]["error"] == {"code": 4403}


def test_graphql_sse_hears_of_its_own_mutation_and_of_errors(
    run_client: RunClient, real: Live, newest: dict[str, Any]
) -> None:
    url = real.url + "/graphql/stream"
    result = run_client(
        "graphql_sse.mjs", url=url, token=real.tokens["agent"], invalid=INVALID, **watching("graphql-sse")
    )
    assert [granted(event["data"], "graphql-sse") for event in result["live"]["received"]] == [False, True]
    assert result["answered"] == {"received": [{"data": newest}], "error": None}
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


def test_the_typed_client_of_the_guide_packs_compiles_and_answers(
    run_client: RunClient, real: Live, tmp_path: Path
) -> None:
    example = tmp_path / "typed-client"
    shutil.copytree(GUIDE, example)
    (example / "node_modules").symlink_to(HERE / "node_modules")
    environment = os.environ | {"SCHEMA": str(ROOT / "docs" / "reference" / "schema.graphql")}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=example, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    packed = json.loads(run("npm", "pack", "--json", "--silent"))[0]  # generates and compiles before
    assert {"dist/client.js", "dist/client.d.ts", "package.json"} <= {file["path"] for file in packed["files"]}
    url = real.url + "/graphql"
    with real.client() as client:
        zoe = client.post("/graphql", json={"query": ZOE}).json()["data"]["customer"]
    shown = {"stage": zoe["lifecycle"]["stage"], "count": 4}
    assert json.loads(run("node", "dist/example.js", url, real.tokens["agent"], "zoe")) == shown | {"masked": []}
    withheld = {"masked": ["customer.displayName"]}
    assert json.loads(run("node", "dist/example.js", url, real.tokens["front_end"], "zoe")) == shown | withheld
    refused = json.loads(run("node", "dist/example.js", url, "prc_0000000000_nobody", "zoe"))
    assert refused == {"refused": "UNAUTHENTICATED", "status": 401}


def test_the_subgraph_composes_with_another(run_client: RunClient, sdl: str) -> None:
    other = """
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Query { basketCount: Int! }
    type Customer @key(fields: "id") { id: ID! openBaskets: Int! }
    """
    assert run_client("composition.mjs", sdl=sdl, other=other) == {"errors": [], "composed": True}


@pytest.mark.anyio
async def test_python_gql_queries_validates_against_the_schema_and_subscribes(
    real: Live, newest: dict[str, Any]
) -> None:
    from gql import Client, GraphQLRequest, gql
    from gql.transport.httpx import HTTPXAsyncTransport
    from gql.transport.websockets import WebsocketsTransport

    bearer = f"Bearer {real.tokens['agent']}"
    http = HTTPXAsyncTransport(url=real.url + "/graphql", headers={"Authorization": bearer})
    async with Client(transport=http, fetch_schema_from_transport=True) as session:
        assert await session.execute(gql(LIST)) == newest
    socket = WebsocketsTransport(
        url=real.url.replace("http", "ws") + "/graphql", init_payload={"authorization": bearer}
    )
    async with Client(transport=socket) as session:
        given = watching("gql")
        events = session.subscribe(GraphQLRequest(WATCH, variable_values=given["watched"]))
        assert not granted(await anext(events), "gql")
        await session.execute(GraphQLRequest(ALLOW, variable_values=given["change"]))
        assert granted(await anext(events), "gql")
        await events.aclose()


def test_the_typed_client_of_the_guide_is_tested_with_the_versions_it_pins() -> None:
    guide = json.loads((GUIDE / "package.json").read_text())
    ours = json.loads((HERE / "package.json").read_text())["devDependencies"]
    pinned = guide["dependencies"] | guide["devDependencies"]
    assert pinned.items() <= ours.items()
