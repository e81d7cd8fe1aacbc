"""Generated requests, from noise to valid operations over the whole schema: none breaks the service."""

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from graphql import build_client_schema, get_introspection_query, print_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from profile_api.access.roles import Role
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import ErrorCode
from profile_api.graph.schema import catalogue
from profile_api.http.settings import EdgeSettings
from tests.integration.graph.operations import operation
from tests.integration.http.conftest import Live, serving

GRAPHQL = "application/graphql-response+json"
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
SEED = """
query Card($id: ID! = "cus_1", $first: Int = 3) {
  customer(id: $id) { id ...Stage orders(first: $first) { edges { cursor node { id } } pageInfo { hasNextPage } } }
  customers(first: 2, orderBy: {field: CREATED_AT, direction: DESC}) @include(if: true) { edges { node { id } } }
}
fragment Stage on Customer { lifecycle { stage label(locale: FR) since } traits { name value } }
"""
_PIECES = (
    *'{ } ( ) [ ] : ! $ @ ... " """ # \\ null 1e999 -0 é on fragment query subscription & | = id first'.split(),
    "\n",
    "\ufeff",
    "\u0000",
)


@pytest.fixture(scope="module")
def real(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    with psycopg.connect(edge_database, autocommit=True) as connection:
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) select n, tenant.id, n, now() "
            "from generate_series(1, 3) n, tenant"
        )
    unlimited = EdgeSettings(requests_per_minute=1_000_000, cost_per_minute=1_000_000_000)
    with serving(edge_database, edge_tokens, settings=unlimited, engine=lambda: GraphEngine(edge_database)) as live:
        yield live


class Clients:
    """One open client per role; what is masked for some is read for others."""

    def __init__(self, live: Live, stack: ExitStack) -> None:
        headers = {"accept": GRAPHQL, "content-type": "application/json"}
        self._open = {role: stack.enter_context(live.client(role, **headers)) for role in Role}

    def post(self, role: Role, sent: bytes) -> httpx.Response:
        return self._open[role].post("/graphql", content=sent)


@pytest.fixture(scope="module")
def clients(real: Live) -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(real, stack)


ROLES = st.sampled_from(list(Role))


def check(response: Any, sent: object) -> None:
    """An answer in the protocol: JSON, known codes, and no failure of ours."""
    assert response.status_code < 500, (sent, response.text)
    body = response.json()
    for answer in body if isinstance(body, list) else [body]:
        assert "data" in answer or answer["errors"]
        for error in answer.get("errors", ()):
            assert ErrorCode(error["extensions"]["code"]) is not ErrorCode.INTERNAL, (sent, error)


@BOUNDED
@given(ROLES, st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)))
def test_noise_is_refused(clients: Clients, role: Role, body: bytes) -> None:
    check(clients.post(role, body), body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@BOUNDED
@given(
    ROLES,
    st.fixed_dictionaries(
        {},
        optional={
            "query": st.just(SEED) | _JSON,
            "operationName": st.just("Card") | _JSON,
            "variables": st.fixed_dictionaries({}, optional={"id": _JSON, "first": _JSON}) | _JSON,
            "extensions": st.fixed_dictionaries({"persistedQuery": _JSON}) | _JSON,
            "documentId": _JSON,
        },
    ),
)
def test_requests_of_any_shape_are_answered_or_refused(clients: Clients, role: Role, sent: dict[str, Any]) -> None:
    check(clients.post(role, json.dumps(sent).encode()), sent)


@BOUNDED
@given(ROLES, st.integers(min_value=0))
def test_documents_with_pieces_lost_and_added_are_answered_or_refused(clients: Clients, role: Role, seed: int) -> None:
    chance = random.Random(seed)
    text = SEED
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice([*_PIECES, ""]) + text[at + chance.randint(0, 6) :]
    check(clients.post(role, json.dumps({"query": text}).encode()), text)


@BOUNDED
@given(ROLES, st.integers(min_value=0))
def test_operations_grown_from_the_schema_are_answered_in_every_role(clients: Clients, role: Role, seed: int) -> None:
    grown = operation(catalogue().schema, random.Random(seed))
    sent = {"query": grown.query, "variables": grown.variables}
    check(clients.post(role, json.dumps(sent).encode()), sent)


def test_schemathesis_finds_no_server_error_in_any_role(real: Live, clients: Clients) -> None:
    introspection = clients.post(Role.SERVICE, json.dumps({"query": get_introspection_query()}).encode())
    sdl = print_schema(build_client_schema(introspection.json()["data"]))
    schema = schemathesis.graphql.from_file(sdl)
    schema.config.update(base_url=real.url + "/graphql")
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    queries = [operation.as_strategy() for operation in operations if operation.label.startswith("Query.")]

    @settings(BOUNDED, max_examples=80)
    @given(ROLES, st.one_of(queries))
    def probe(role: Role, case: Any) -> None:
        response = case.call(headers={"authorization": f"Bearer {real.tokens[role]}"})
        if role is Role.SERVICE:  # elsewhere a root that is not the caller's to see leaves `data` null, as it should
            case.validate_response(response, checks=[not_a_server_error])
        check(response, case.body)

    probe()
