"""Looking back tells what a database would have told then that held only the facts of before, received by then."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any

import msgspec
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import GraphQLRequest
from profile_api.http.settings import SERVICE_ROLE
from profile_api.store.database import connect
from tests.integration.graph import past
from tests.integration.graph.conftest import caller

pytestmark = pytest.mark.anyio
PEOPLE = 12
SHIPPED = json.loads(files("customer.lifecycle").joinpath("policy_default.json").read_text(encoding="utf-8"))
# Every figure other than the shipped one, so that whatever does not ask the policy is found out.
POLICY = SHIPPED | {
    "version": "own.1",
    "preference_half_life_days": 25,
    "journey_break_days": 12,
    "acquisition_trigger_days": 20,
    "minimum_own_gaps": 2,
    "won_back_days": 30,
    "fallback_alert_days": 20,
    "fallback_lost_days": 45,
}
SELECTION = """
  lifecycle { stage since daysInStage cycle reason alertAt lostAt basis policyVersion label(locale: FR)
    past: history(first: 100) { totalCount edges { node { toStage effectiveAt untilAt } } }
    history(first: 100, includeFuture: true) { totalCount pageInfo { hasNextPage }
      edges { node { fromStage toStage effectiveAt untilAt reason facts cycle policyVersion } } } }
  metrics { orderCount frequency netRevenue { amount } averageBasket { amount } p90Basket { amount } firstOrderAt
    lastOrderAt daysSinceLastOrder tenureDays medianGapDays p75GapDays daysToSecondPurchase returnRate activeMonths
    activityRatio categories }
  preferences { channel { value share n } store { value share n } category { value share n } payment { value share n } }
  channelProfile { mix recruitmentPath channels { channel firstUsedAt lastUsedAt orderCount } }
  acquisition { at channel store firstCategory trigger { kind value channel at } }
  orders(first: 100) { totalCount edges { node { number orderedAt valid net { amount } lines { category }
    adjustments { kind occurredAt amount { amount } } } } }
  timeline(first: 200) { totalCount edges { node { name occurredAt type } } }
  purchaseJourneys(first: 100) { totalCount edges { node { startedAt endedAt open order { number } firstChannel
    lastChannel channels touchCount durationS omnichannel deliveryType paymentMethod
    touchpoints(first: 100) { edges { node { name occurredAt } } } } } }
  satisfaction { nps { score answeredAt } } service { openTickets { id openedAt } lastContact { at } contactCount90d }
  consents { purpose status effectiveAt } identities { type value linkedAt } freshness { lastEventAt lastReceivedAt }
"""
QUERY = f"""query ($id: ID!, $asOf: DateTime, $knownAt: DateTime) {{
  customer(id: $id, asOf: $asOf, knownAt: $knownAt) {{ {SELECTION} }}
}}"""
EARLY, LATE = past.START + timedelta(days=90.3), past.START + timedelta(days=201.7)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[GraphEngine]:
    engine = GraphEngine(database_url, connections=1, database_role=SERVICE_ROLE)
    await engine.start()
    yield engine
    await engine.close()


async def told(engine: GraphEngine, tenant: int, person: int, now: datetime, **instants: datetime | None) -> Any:
    variables: dict[str, Any] = {"id": f"cus_{past.customer_id(tenant, person)}"}
    variables |= {name: at.isoformat() for name, at in instants.items() if at is not None}
    answer = await engine.execute(GraphQLRequest(query=QUERY, variables=variables), caller(tenant), now=now)
    response = msgspec.json.decode(answer.body)
    assert "errors" not in response, response
    return response["data"]["customer"]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("minimum_reference_gaps", "instants"),
    [
        (2, [(EARLY, None), (LATE, None)]),
        # Gaps that became known late shift what customers without a rhythm of their own are measured against, and that
        # is told as of now: nobody is measured so here.
        (1_000_000, [(LATE, LATE), (LATE, EARLY), (EARLY, LATE), (None, EARLY)]),
    ],
)
async def test_the_past_is_told_as_it_was(
    engine: GraphEngine,
    database_url: str,
    seed: int,
    minimum_reference_gaps: int,
    instants: list[tuple[datetime | None, datetime | None]],
) -> None:
    facts = past.history(Random(seed), PEOPLE)
    policy = POLICY | {"minimum_reference_gaps": minimum_reference_gaps}
    connection = await connect(database_url)
    try:
        await past.load(connection, 1, facts, people=PEOPLE, policy=policy, now=past.NOW)
        for tenant, (as_of, known_at) in enumerate(instants, start=2):
            known = [fact for fact in facts if known_at is None or fact.received_at < known_at]
            before = [fact for fact in known if as_of is None or fact.at < as_of]
            await past.load(connection, tenant, before, people=PEOPLE, policy=policy, now=as_of or past.NOW)
    finally:
        await connection.close()
    for tenant, (as_of, known_at) in enumerate(instants, start=2):
        for person in range(PEOPLE):
            looked_back = await told(engine, 1, person, past.NOW, asOf=as_of, knownAt=known_at)
            assert looked_back == await told(engine, tenant, person, as_of or past.NOW), (person, as_of, known_at)
