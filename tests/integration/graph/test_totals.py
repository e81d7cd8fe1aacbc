"""Below a customer all are counted, to the last one; above 10,000 customers it is an estimate that says so."""

import msgspec
import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import SERVICE_ROLE
from tests.integration.graph.conftest import answered, caller

pytestmark = pytest.mark.anyio
CUSTOMERS = 24_000
TOUCHPOINTS = 12_345


@pytest.fixture
def crowd_url(database_url: str) -> str:
    """24,000 customers, every third with metrics and one with many touchpoints; 10,000 later ones of another tenant."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into tenant (id, key, name, currency, time_zone)"
            " select n, n, n, 'EUR', 'UTC' from generate_series(1, 2) n"
        )
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) select n, 1 + (n > %s)::int, n, now()"
            " from generate_series(1, %s + 10000) n",
            (CUSTOMERS, CUSTOMERS),
        )
        connection.execute(
            "insert into customer_metrics (customer_id, tenant_id, computed_at, currency, order_count,"
            " returned_order_count, active_months, net_revenue_minor)"
            " select n, 1, now(), 'EUR', n %% 2, 0, 0, n from generate_series(3, %s, 3) n",
            (CUSTOMERS,),
        )
        connection.execute(
            "insert into event (tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day,"
            " local_month, local_hour, source, message_key)"
            " select 1, 7, 'Page Viewed', 'BROWSE', 'WEB', now(), now(), 0, 0, 0, 'x', gen_random_uuid()"
            " from generate_series(1, %s)",
            (TOUCHPOINTS,),
        )
        connection.execute("analyze")
    return database_url


async def test_totals(crowd_url: str) -> None:
    engine = GraphEngine(crowd_url, connections=1, database_role=SERVICE_ROLE)
    await engine.start()
    counted = "totalCount totalCountIsExact"
    query = f"""{{
      all: customers(first: 1) {{ {counted} edges {{ node {{ id }} }} }}
      bought: customers(filter: {{orderCount: {{min: 1}}}}) {{ {counted} }}
      rich: customers(orderBy: {{field: NET_REVENUE}}, after: null) {{ {counted} }}
      none: customers(filter: {{orderCount: {{min: 5}}}}) {{ {counted} }}
      customer(id: "cus_7") {{ timeline(first: 1) {{ totalCount }} }}
    }}"""
    found = msgspec.json.decode((await answered(engine, query)).body)["data"]
    assert not found["all"]["totalCountIsExact"]
    assert found["all"]["totalCount"] == pytest.approx(CUSTOMERS, rel=0.01)
    assert found["bought"] == {"totalCount": CUSTOMERS // 6, "totalCountIsExact": True}
    assert found["rich"] == {"totalCount": CUSTOMERS // 3, "totalCountIsExact": True}
    assert found["none"] == {"totalCount": 0, "totalCountIsExact": True}
    assert found["customer"]["timeline"]["totalCount"] == TOUCHPOINTS
    other = await answered(engine, f"{{ customers {{ {counted} }} }}", by=caller(2))
    assert msgspec.json.decode(other.body)["data"]["customers"] == {"totalCount": 10_000, "totalCountIsExact": True}
    await engine.close()
