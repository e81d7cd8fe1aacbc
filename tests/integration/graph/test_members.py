"""Whoever was absorbed is read with the person they belong to, from when the pointer moves until it moves back."""

from typing import Any

import msgspec
import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from tests.integration.graph.conftest import answered

pytestmark = pytest.mark.anyio
_ASKED = """
query ($id: ID!, $first: Int, $last: Int, $after: String) {
  customer(id: $id) {
    id
    orders(first: $first, last: $last, after: $after) {
      edges { node { number } cursor }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
    timeline(first: 20) { edges { node { id } } pageInfo { endCursor } }
    identities { value }
    metrics { frequency }
  }
}"""


@pytest.fixture
def two_customers(database_url: str) -> str:
    """Customers 1 and 2, whose orders and touchpoints took turns, a day apart."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("insert into tenant (id, key, name, currency, time_zone) values (1, 'a', 'A', 'EUR', 'UTC')")
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at)"
            " select n, 1, n, now() from generate_series(1, 2) n"
        )
        connection.execute(
            "insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)"
            " select 1, n, 'EMAIL', n || '@shop.fr', 'crm', 'exact', timestamptz '2025-01-01', 'import'"
            " from generate_series(1, 2) n"
        )
        connection.execute(
            "insert into customer_order (id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day,"
            " local_month, local_hour, channel, currency, source)"
            " select n, 1, 1 + n % 2, 'T-' || n, at, at, 0, 0, 0, 'WEB', 'EUR', 'shop'"
            " from generate_series(1, 6) n"
            " cross join lateral (select timestamptz '2026-01-01' + n * interval '1 day') d (at)"
        )
        connection.execute(
            "insert into event (id, tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day,"
            " local_month, local_hour, source, message_key) overriding system value"
            " select id, 1, customer_id, 'Order Completed', 'ORDER', 'WEB', ordered_at, ordered_at, 0, 0, 0, 'shop',"
            " gen_random_uuid() from customer_order"
        )
    return database_url


def _move(url: str, customer: int, person: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("update customer set root_id = %s where id = %s", (person, customer))


async def _told(url: str, **variables: Any) -> dict[str, Any]:
    engine = GraphEngine(url, connections=1)
    await engine.start()
    try:
        answer = await answered(engine, _ASKED, **variables)
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)["data"]["customer"]
        return decoded
    finally:
        await engine.close()


def _numbers(customer: dict[str, Any]) -> list[str]:
    return [edge["node"]["number"] for edge in customer["orders"]["edges"]]


async def test_pages_of_a_person_are_those_of_all_members_while_they_belong_together(two_customers: str) -> None:
    alone = await _told(two_customers, id="cus_1", first=5)
    assert _numbers(alone) == ["T-6", "T-4", "T-2"]
    _move(two_customers, 2, 1)
    together = await _told(two_customers, id="cus_1", first=4)
    assert _numbers(together) == ["T-6", "T-5", "T-4", "T-3"]
    assert together["orders"]["totalCount"] == 6
    assert together["orders"]["pageInfo"] == {
        "hasNextPage": True,
        "endCursor": together["orders"]["edges"][3]["cursor"],
    }
    assert [edge["node"]["id"] for edge in together["timeline"]["edges"]] == [
        *("evt_1_6", "evt_2_5", "evt_1_4", "evt_2_3", "evt_1_2", "evt_2_1")
    ]
    assert together["identities"] == [{"value": "1@shop.fr"}, {"value": "2@shop.fr"}]
    assert together["metrics"]["frequency"] == 6
    assert await _told(two_customers, id="cus_2", first=4) == together
    rest = await _told(two_customers, id="cus_1", first=4, after=together["orders"]["pageInfo"]["endCursor"])
    assert _numbers(rest) == ["T-2", "T-1"]
    assert _numbers(await _told(two_customers, id="cus_1", last=3)) == ["T-3", "T-2", "T-1"]
    _move(two_customers, 2, 2)
    assert await _told(two_customers, id="cus_1", first=5) == alone


async def test_a_record_that_comes_as_another_person_s_is_found_at_once(two_customers: str) -> None:
    with psycopg.connect(two_customers, autocommit=True) as connection:
        connection.execute("insert into customer (id, tenant_id, root_id, created_at) values (3, 1, 1, now())")
        connection.execute("update customer_order set customer_id = 3 where id = 1")
    assert _numbers(await _told(two_customers, id="cus_1", first=5)) == ["T-6", "T-4", "T-2", "T-1"]
