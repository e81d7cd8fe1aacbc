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
from profile_api.ingest.statements import statement
from profile_api.store.database import connect
from profile_api.store.derive import refresh_derived
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
  displayName givenName city traits { name value source observedAt } sources { source key traits observedAt receivedAt }
  consents { purpose status effectiveAt } identities { type value linkedAt unlinkedAt }
  freshness { lastEventAt lastReceivedAt }
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


async def test_a_merge_learnt_of_later_is_undone_for_what_was_known_before(
    engine: GraphEngine, database_url: str
) -> None:
    """Two persons, one of them absorbed: what was known before tells each alone, by either's id."""
    # What is derived is derived at NOW; a return after it would be news to the looked-back figures alone.
    facts = [fact for fact in past.history(Random(7), 2) if max(fact.at, fact.received_at) < past.NOW]
    connection = await connect(database_url)
    kept, absorbed = past.customer_id(1, 0), past.customer_id(1, 1)
    try:
        await past.load(connection, 1, facts, people=2, policy=POLICY, now=past.NOW)
        await past.load(connection, 2, facts, people=2, policy=POLICY, now=past.NOW)
        move = "update customer set root_id = $2 where root_id = $1"
        await connection.execute(move, absorbed, kept)
        await connection.execute(statement("golden_record"), [kept], ["crm"])
        await refresh_derived(connection, 1, [kept], now=past.NOW)
        merged_at: datetime = await connection.fetchval("select root_since from customer where id = $1", absorbed)
    finally:
        await connection.close()
    before, after = merged_at, merged_at + timedelta(microseconds=1)
    for person in (0, 1):
        alone = await told(engine, 2, person, before)
        assert await told(engine, 1, person, before, knownAt=before) == alone
        assert await told(engine, 1, person, before, asOf=before, knownAt=before) == alone
    together = await told(engine, 1, 1, after, knownAt=after)
    assert together == await told(engine, 1, 0, after)
    assert together["metrics"]["orderCount"] == sum(
        [(await told(engine, 2, person, before))["metrics"]["orderCount"] for person in (0, 1)]
    )
    # What had happened by then is told of whoever belongs together now: when we learnt it is for `knownAt` to say.
    assert (await told(engine, 1, 1, after, asOf=before))["metrics"] == together["metrics"]


async def test_a_person_absorbed_and_given_back_was_one_in_between(engine: GraphEngine, database_url: str) -> None:
    connection = await connect(database_url)
    kept, absorbed = past.customer_id(1, 0), past.customer_id(1, 1)
    try:
        await past.load(connection, 1, past.history(Random(7), 2), people=2, policy=POLICY, now=past.NOW)
        moves = []
        for root in (kept, absorbed):
            move = "update customer set root_id = $2 where id between $1 and $1 + 1::bigint returning root_since"
            moves.append(await connection.fetchval(move, absorbed, root))
        await refresh_derived(connection, 1, [kept, absorbed], now=past.NOW)
    finally:
        await connection.close()
    merged_at, parted_at = moves
    now = parted_at + timedelta(seconds=1)
    in_between = await told(engine, 1, 1, now, knownAt=parted_at)
    assert in_between == await told(engine, 1, 0, now, knownAt=parted_at)
    assert in_between["timeline"]["totalCount"] > (await told(engine, 1, 1, now))["timeline"]["totalCount"]
    assert (await told(engine, 1, 1, now, knownAt=merged_at))["timeline"] == (await told(engine, 1, 1, now))["timeline"]


async def test_who_was_not_scored_by_then_is_told_so(engine: GraphEngine, database_url: str) -> None:
    connection = await connect(database_url)
    try:
        await past.load(connection, 1, past.history(Random(7), 1), people=1, policy=POLICY, now=past.NOW)
    finally:
        await connection.close()
    query = f"""{{ customer(id: "cus_{past.customer_id(1, 0)}", asOf: "{EARLY.isoformat()}") {{
      predictions {{ unavailable {{ code message }} }} }} }}"""
    answer = await engine.execute(GraphQLRequest(query=query), caller(1), now=past.NOW)
    unavailable = msgspec.json.decode(answer.body)["data"]["customer"]["predictions"]["unavailable"]
    assert {one["code"] for one in unavailable} == {"NOT_SCORED_YET"}
    assert {one["message"] for one in unavailable} == {"no model had been asked about this customer by then"}
