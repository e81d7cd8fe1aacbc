"""What a hostile or careless client may send, each answered quickly, with a client error, giving nothing away."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import EdgeSettings, Environment, PersistedQueries
from tests.integration.http.conftest import Live, serving

GRAPHQL = "application/graphql-response+json"


@pytest.fixture(scope="module")
def real(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    with psycopg.connect(edge_database, autocommit=True) as connection:
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) select n, tenant.id, n, now() "
            "from generate_series(9001, 9005) n, tenant where tenant.key = 'shop'"
        )
    with serving(
        edge_database, edge_tokens, settings=EdgeSettings(), engine=lambda: GraphEngine(edge_database)
    ) as live:
        yield live


@pytest.fixture(scope="module")
def production(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    """Production, with keys that are no demonstration's."""
    with psycopg.connect(edge_database, autocommit=True) as connection:
        connection.execute("update api_key set demo = false")
    settings = EdgeSettings(environment=Environment.PRODUCTION)
    engine = lambda: GraphEngine(edge_database, introspection=False)  # noqa: E731
    with serving(edge_database, edge_tokens, settings=settings, engine=engine) as live:
        yield live


def ask(live: Live, query: str, variables: Any = None, role: str = "agent") -> httpx.Response:
    with live.client(role, accept=GRAPHQL) as client:
        return client.post("/graphql", json={"query": query, "variables": variables})


def codes(response: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in response.json()["errors"]}


def doubling_fragments(count: int) -> str:
    spreads = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(count))
    return f"{{ ...F0 }} {spreads} fragment F{count} on Query {{ __typename }}"


DEEP_LISTS = "[" * 3000 + "]" * 3000

FLOODS = {
    "depth": '{ customer(id: "cus_1") ' + "{ ... on Customer " * 40 + "{ id }" + "}" * 40 + " }",
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(400)) + " }",
    "directives": "{ __typename " + "@include(if: true) " * 20 + "}",
    "directives spread wide": "{ " + " ".join("__typename @include(if: true)" for _ in range(400)) + " }",
    "fields": "{ " + "__typename " * 4000 + "}",
    "tokens": "{ " + "__typename " * 40_000 + "}",
    "fragments": " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(400)) + " { ...F0 }",
    "operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(100)),
    "doubling fragments": doubling_fragments(20),
    "more doubling fragments": doubling_fragments(150),
    "nested lists": "{ customers(filter: " + DEEP_LISTS + ") { totalCount } }",
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_refused(real: Live, name: str) -> None:
    """Twenty doublings would be a million visits, and 150 would not end."""
    response = ask(real, FLOODS[name])
    assert response.status_code == 400
    assert codes(response) <= {"LIMIT_EXCEEDED", "PARSE_FAILED", "VALIDATION_FAILED"}
    assert len(response.json()["errors"]) <= 6
    assert len(response.content) < 5_000


def test_fragment_cycles_are_an_error(real: Live) -> None:
    response = ask(real, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")
    assert (response.status_code, codes(response)) == (400, {"VALIDATION_FAILED"})


def test_errors_are_few_and_give_no_names_away(real: Live) -> None:
    response = ask(real, "{ " + " ".join(f"custome{n}" for n in range(50)) + " customerz { idd } }")
    assert len(response.json()["errors"]) <= 6
    assert "Did you mean" not in response.text
    for query in (
        '{ customer(id: "cus_1") { lifecycl { stag } } }',
        "{ customers(orderBy: {field: NET_REVENU}) { totalCount } }",
    ):
        assert "Did you mean" not in ask(real, query).text


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "garbage",
        "c_1_1",
        "_",
        "c_999999999999999999999999_1",
        "é",
        "' or 1=1 --",
        "c_NaN_1",
        "\x00",
        "x" * 5000,
    ],
)
def test_forged_cursors_are_a_clean_error(real: Live, cursor: str) -> None:
    response = ask(real, "query($c: String) { customers(first: 1, after: $c) { edges { cursor } } }", {"c": cursor})
    body = response.json()
    if cursor:
        assert codes(response) <= {"BAD_CURSOR", "BAD_ARGUMENT"}, body
    assert response.status_code < 500


@pytest.mark.parametrize(
    "identifier",
    ["", "1", "cus_", "cus_x", "cus_-1", "cus_99999999999999999999", "evt_1", "cus_1; drop table customer"],
)
def test_forged_ids_are_a_clean_error(real: Live, identifier: str) -> None:
    for query in ("query($id: ID!) { node(id: $id) { id } }", "query($id: ID!) { customer(id: $id) { id } }"):
        response = ask(real, query, {"id": identifier})
        assert response.status_code < 500
        assert codes(response) <= {"BAD_ID", "BAD_ARGUMENT"}


@pytest.mark.parametrize(
    "variables", [{"n": 2**63}, {"n": -1}, {"n": 1.5}, {"n": "1"}, {"n": True}, {"n": [1]}, {"n": {"a": 1}}, {"n": 501}]
)
def test_values_out_of_range_are_a_clean_error(real: Live, variables: Any) -> None:
    response = ask(real, "query($n: Int) { customers(first: $n) { edges { cursor } } }", variables)
    assert response.status_code < 500
    assert codes(response) <= {"BAD_VARIABLE", "BAD_ARGUMENT"}


def test_text_postgresql_cannot_hold_is_a_clean_error(real: Live) -> None:
    query = "query($t: String!) { searchCustomers(text: $t) { customer { id } } }"
    for text in ("\x00", "a\x00b", "\ud800"):
        body = json.dumps({"query": query, "variables": {"t": text}}).encode()
        with real.client(accept=GRAPHQL) as client:
            response = client.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert response.status_code < 500
        assert codes(response) <= {"BAD_ARGUMENT", "BAD_REQUEST"}


def test_production_answers_no_introspection_and_shows_no_graphiql(production: Live) -> None:
    for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'):
        assert ask(production, query).status_code == 400
    assert ask(production, "{ __typename }").json() == {"data": {"__typename": "Query"}}
    browser = httpx.get(production.url + "/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert browser.status_code == 401
    assert httpx.get(production.url + "/graphql/assets/start.js").status_code == 404
    assert "Did you mean" not in ask(production, "{ customr { id } }").text


def test_trusted_documents_are_the_only_ones_answered(live: Live, tmp_path: Any) -> None:
    manifest = tmp_path / "manifest.json"
    operation = {"id": "card-1", "name": "Card", "type": "query", "body": "query Card { hello }"}
    manifest.write_text(
        json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]})
    )
    settings = EdgeSettings(persisted_queries=PersistedQueries.TRUSTED, trusted_documents=manifest)
    with serving(live.database_url, live.tokens, settings=settings) as trusting, trusting.client() as client:
        by_id = client.post("/graphql", json={"documentId": "card-1"})
        assert by_id.json() == {"data": {"hello": "hello world"}}
        in_full = client.post("/graphql", json={"query": "query Card { hello }"})
        assert in_full.json() == {"data": {"hello": "hello world"}}
        for other in ({"query": "{ tenant }"}, {"documentId": "card-2"}, {"query": "query Card { hello tenant }"}):
            refused = client.post("/graphql", json=other)
            assert (refused.status_code, codes(refused)) == (403, {"FORBIDDEN"})


def test_a_client_that_trickles_its_body_is_let_go(live: Live) -> None:
    settings = EdgeSettings(body_within_s=0.5)
    with serving(live.database_url, live.tokens, settings=settings) as impatient:
        host, port = impatient.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as slow:
            slow.sendall(
                b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n"
                b"authorization: Bearer " + impatient.tokens["agent"].encode() + b"\r\n\r\n{"
            )
            answer = slow.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_crash_is_a_graphql_error_without_its_details(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    with live.client(accept=GRAPHQL) as client:
        response = client.post(
            "/graphql", json={"query": "query($of: Int!) { cost(of: $of) }", "variables": {"of": "many"}}
        )
    assert response.status_code == 500
    assert codes(response) == {"INTERNAL"}
    assert "many" not in response.text
    assert response.headers["x-request-id"] in caplog.text


def test_no_response_tells_what_serves_it(live: Live) -> None:
    headers = httpx.get(live.url + "/livez").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "x-powered-by" not in headers
