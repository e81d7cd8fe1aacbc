"""What PostgreSQL makes of our statements: indexes on every hot path, and the tenant on every table."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from profile_api.graph.documents import Documents
from profile_api.graph.plan import Plan
from profile_api.graph.request import GraphQLRequest
from profile_api.graph.schema import catalogue
from tests.integration.graph.conftest import caller

pytestmark = pytest.mark.anyio
CARD = """
  id displayName identities { type value } lifecycle { stage since alertAt lostAt history(first: 5) { edges { node
  { toStage effectiveAt } } } } metrics { orderCount frequency netRevenue { amount } } preferences { channel { value } }
  channelProfile { mix } acquisition { channel } consents { purpose status } satisfaction { nps { score } }
  service { openTickets { id } lastContact { at } contactCount90d } freshness { rescoring }
  timeline(first: 10) { edges { node { id name ... on OrderTouchpoint { order { number } } } }
    pageInfo { hasNextPage } }
  orders(first: 5) { edges { node { number net { amount } lines { productId } } } }
  purchaseJourneys(first: 3) { edges { node { startedAt order { number } } } }
  predictions { churn { probability drivers { text } } value { predicted { amount } } nextPurchase { expectedOn } }"""
HOT = {
    "by id": f'{{ customer(id: "cus_101") {{ {CARD} }} }}',
    "by e-mail": f'{{ customer(identity: {{type: EMAIL, value: "a@b.fr"}}) {{ {CARD} }} }}',
    "by order": f'{{ customer(identity: {{type: ORDER_ID, value: "1"}}) {{ {CARD} }} }}',
    "as of": f'{{ customer(id: "cus_101", asOf: "2026-01-01T00:00:00Z") {{ {CARD} }} }}',
    "known at": f'{{ customer(id: "cus_101", knownAt: "2026-01-01T00:00:00Z")'
    f" {{ {CARD} traits {{ name }} sources {{ key }} }} }}",
    "list": "{ customers(first: 50) { edges { node { id lifecycle { stage } predictions { churn { probability } }"
    " orders(first: 5) { edges { node { number } } } } } pageInfo { hasNextPage } } }",
    "list by churn": "{ customers(first: 50, orderBy: {field: CHURN_PROBABILITY},"
    " filter: {churnProbability: {min: 0.5}}) { edges { node { id } } } }",
    "list by revenue": "{ customers(first: 50, orderBy: {field: NET_REVENUE}) { edges { node { id } } } }",
    "list by last order": "{ customers(first: 50, orderBy: {field: LAST_ORDER}) { edges { node { id } } } }",
    "search": '{ searchCustomers(text: "ann o") { customer { id displayName } } }',
    "node": '{ a: node(id: "evt_1_1") { id } b: node(id: "ord_1") { id } }',
    "entities": '{ _entities(representations: [{__typename: "Customer", id: "cus_1"}]) { ... on Customer { id } } }',
    "models": "{ models { kind version inCharge measures { value } training { runId } promotions { decidedBy }"
    " observations { status } } modelPromotions { decidedBy } }",
}


async def _plan(query: str) -> Plan:
    documents = Documents(catalogue())
    try:
        found = await documents.get(GraphQLRequest(query=query), caller())
        return await documents.plan(found.document, found.coerce({}))
    finally:
        documents.close()


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _explained(url: str, sql: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        connection.execute("set enable_seqscan = off")  # a sequential scan then means: no index could have been used
        connection.execute("set jit = off")
        cursor = psycopg.RawCursor(connection)
        row = cursor.execute(f"explain (generic_plan, format json) {sql}".encode()).fetchone()
    assert row is not None
    return list(_nodes(row[0][0]["Plan"]))


@pytest.mark.parametrize("form", ["single", "batched"])
@pytest.mark.parametrize("name", HOT)
async def test_hot_paths_use_indexes_and_limit_every_table_to_the_tenant(world_url: str, name: str, form: str) -> None:
    plan = await _plan(HOT[name])
    for node in _explained(world_url, getattr(plan, form)):
        relation = re.sub(r"_p\d$", "", node.get("Relation Name", ""))
        if not relation:
            continue
        conditions = " ".join(str(node.get(key, "")) for key in ("Filter", "Index Cond", "Recheck Cond", "Join Filter"))
        expected = "id = " if relation == "tenant" else "tenant_id = "
        assert expected in conditions, (relation, node)
        if relation != "tenant":
            assert node["Node Type"] != "Seq Scan", (relation, node)
