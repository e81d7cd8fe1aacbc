"""The lifecycle policy that is shown is the tenant's own."""

import json
from pathlib import Path

import msgspec
import psycopg
import pytest

from customer.lifecycle import policy as shipped
from profile_api.graph.engine import GraphEngine
from tests.integration.graph.conftest import answered, caller

pytestmark = pytest.mark.anyio
QUERY = """{ lifecyclePolicy { version alertPercentile loyalOrders stages { stage labels { en fr } rule }
  occasions { key labels { fr } } } }"""


async def test_a_tenant_sees_the_policy_it_activated_and_the_others_the_shipped_one(database_url: str) -> None:
    document = json.loads((Path(shipped.__file__).parent / "policy_default.json").read_text())
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (id, key, name, currency, time_zone) values (1, 'a', 'a', 'EUR', 'UTC'),"
            " (2, 'b', 'b', 'EUR', 'UTC')"
        )
        connection.execute(
            "insert into lifecycle_policy (tenant_id, version, document, activated_at)"
            " values (1, 'own', %s, '2026-01-01')",
            [json.dumps(document | {"loyal_orders": 6, "alert_percentile": 60})],
        )
    engine = GraphEngine(database_url, connections=1)
    await engine.start()
    try:
        own = msgspec.json.decode((await answered(engine, QUERY)).body)["data"]["lifecyclePolicy"]
        default = msgspec.json.decode((await answered(engine, QUERY, by=caller(2))).body)["data"]["lifecyclePolicy"]
    finally:
        await engine.close()
    assert (own["version"], own["alertPercentile"], own["loyalOrders"]) == ("own", 60, 6)
    assert own["stages"][2]["rule"] == "2 to 5 valid orders, silence below the alert"
    assert default["version"] == shipped.default_policy().version
    assert default["loyalOrders"] == 4
    assert default["occasions"][0] == {"key": "year_end", "labels": {"fr": "Fêtes de fin d'année"}}
    assert default["stages"][5]["labels"] == {"en": "lapsing customer", "fr": "abandonniste"}
