"""Mutations record facts once, recompute what depends on them, and answer with the customer as it is afterwards."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from profile_api.audit.log import AuditLog
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import AnswerKind, GraphQLRequest, Scope
from tests.integration.graph.conftest import answered, caller
from tests.integration.graph.world import NOW, load_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def writing(database_url: str) -> AsyncIterator[GraphEngine]:
    await load_world(database_url)
    engine = GraphEngine(database_url, connections=1)
    await engine.start()
    yield engine
    await engine.close()


async def done(engine: GraphEngine, query: str, **variables: Any) -> dict[str, Any]:
    answer = await answered(engine, query, **variables)
    response: dict[str, Any] = msgspec.json.decode(answer.body)
    assert answer.kind is AnswerKind.OK, response
    data: dict[str, Any] = response["data"]
    return data


def event_count(url: str) -> int:
    with psycopg.connect(url) as connection:
        [(count,)] = connection.execute("select count(*) from event").fetchall()
    return int(count)


CONSENT = """mutation ($input: SetConsentInput!) { setConsent(input: $input) {
  consent { purpose channel status granted effectiveAt source }
  customer { id consents { purpose channel status } } } }"""
FEEDBACK = """mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) {
  touchpoint { __typename name occurredAt ... on FeedbackTouchpoint { kind score comment } }
  customer { id lifecycle { stage } satisfaction { nps { score } } timeline { totalCount } } } }"""
CONTACT = """mutation ($input: RecordServiceContactInput!) { recordServiceContact(input: $input) {
  touchpoint { id ... on ServiceTouchpoint { ticketId subject direction } }
  customer { service { openTickets { id subject } lastContact { name } contactCount90d }
    freshness { rescoring } } } }"""


async def test_a_consent_is_recorded_and_in_force_at_once(writing: GraphEngine) -> None:
    given = {"customerId": "cus_101", "purpose": "marketing", "channel": "EMAIL", "status": "GRANTED"}
    data = (await done(writing, CONSENT, input=given))["setConsent"]
    assert data["consent"] == {
        "purpose": "MARKETING",
        "channel": "EMAIL",
        "status": "GRANTED",
        "granted": True,
        "effectiveAt": "2026-03-01T12:00:00+00:00",
        "source": "api",
    }
    assert {"purpose": "MARKETING", "channel": "EMAIL", "status": "GRANTED"} in data["customer"]["consents"]


async def test_praise_makes_a_loyal_customer_an_ambassador(writing: GraphEngine) -> None:
    given = {"customerId": "cus_102", "kind": "NPS", "score": 10, "channel": "EMAIL", "comment": 'great \\ "ok" é'}
    data = (await done(writing, FEEDBACK, input=given))["recordFeedback"]
    assert data["touchpoint"] == {
        "__typename": "FeedbackTouchpoint",
        "name": "Survey Answered",
        "occurredAt": "2026-03-01T12:00:00+00:00",
        "kind": "NPS",
        "score": 10,
        "comment": 'great \\ "ok" é',
    }
    assert data["customer"]["id"] == "cus_101"
    assert data["customer"]["lifecycle"]["stage"] == "AMBASSADOR"
    assert data["customer"]["satisfaction"]["nps"]["score"] == 10


async def test_a_message_sent_twice_is_recorded_once(writing: GraphEngine) -> None:
    given = {"customerId": "cus_101", "kind": "CSAT", "score": 3, "channel": "WEB", "messageId": "m-1"}
    first = await done(writing, FEEDBACK, input=given)
    second = await done(writing, FEEDBACK, input=given | {"score": 5})
    assert second == first
    answer = await answered(writing, FEEDBACK, input=given | {"customerId": "cus_103"})
    assert msgspec.json.decode(answer.body)["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"


async def test_a_ticket_is_open_until_it_is_closed(writing: GraphEngine) -> None:
    given = {
        "customerId": "cus_103",
        "channel": "CALL_CENTRE",
        "direction": "INBOUND",
        "ticketId": "N1",
        "ticket": "OPENED",
        "subject": "lost parcel",
        "occurredAt": (NOW - timedelta(hours=2)).isoformat(),
    }
    opened = (await done(writing, CONTACT, input=given))["recordServiceContact"]
    assert opened["customer"]["service"]["openTickets"] == [{"id": "N1", "subject": "lost parcel"}]
    assert opened["customer"]["freshness"]["rescoring"] is True
    closed = (await done(writing, CONTACT, input=given | {"ticket": "CLOSED", "occurredAt": None}))[
        "recordServiceContact"
    ]
    assert closed["customer"]["service"]["openTickets"] == []
    assert closed["customer"]["service"]["contactCount90d"] == 2


async def test_listeners_are_told_in_the_same_transaction(writing: GraphEngine, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("listen parcours_change")
        await done(writing, CONSENT, input={"customerId": "cus_102", "purpose": "p", "status": "DENIED"})
        [notice] = connection.notifies(timeout=60, stop_after=1)
    assert json.loads(notice.payload) == {"tenant": 1, "customers": [101]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customerId": "cus_999"}, "NOT_FOUND"),
        ({"customerId": "cus_201"}, "NOT_FOUND"),
        ({"customerId": "x"}, "BAD_ID"),
        ({"score": 11}, "BAD_ARGUMENT"),
        ({"score": -0.5}, "BAD_ARGUMENT"),
        ({"occurredAt": (NOW + timedelta(seconds=1)).isoformat()}, "BAD_ARGUMENT"),
        ({"comment": "a\x00b"}, "BAD_ARGUMENT"),
        ({"comment": "x" * 10_001}, "BAD_ARGUMENT"),
    ],
)
async def test_a_refused_write_changes_nothing(
    writing: GraphEngine, database_url: str, change: dict[str, Any], code: str
) -> None:
    given = {"customerId": "cus_101", "kind": "NPS", "score": 9, "channel": "WEB"} | change
    before = event_count(database_url)
    answer = await answered(writing, FEEDBACK, input=given)
    response = msgspec.json.decode(answer.body)
    assert response["data"] is None
    assert [(error["path"], error["extensions"]["code"]) for error in response["errors"]] == [
        (["recordFeedback"], code)
    ]
    assert event_count(database_url) == before


async def test_a_caller_who_may_not_write_is_refused_before_anything_is_tried(writing: GraphEngine) -> None:
    reader = caller(scopes=frozenset(Scope) - {Scope.WRITE})
    given = {"customerId": "cus_101", "purpose": "p", "status": "DENIED"}
    answer = await answered(writing, CONSENT, by=reader, input=given)
    assert answer.kind is AnswerKind.FORBIDDEN
    assert msgspec.json.decode(answer.body)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_several_writes_run_one_after_the_other(writing: GraphEngine) -> None:
    query = """mutation {
      a: setConsent(input: {customerId: "cus_103", purpose: "x", status: GRANTED}) { consent { status } }
      b: setConsent(input: {customerId: "cus_103", purpose: "x", status: WITHDRAWN}) {
        consent { status } customer { consents { purpose status } } }
    }"""
    data = await done(writing, query)
    assert (data["a"]["consent"]["status"], data["b"]["consent"]["status"]) == ("GRANTED", "WITHDRAWN")
    assert data["b"]["customer"]["consents"] == [{"purpose": "X", "status": "WITHDRAWN"}]


async def test_a_masked_part_of_the_payload_is_an_error_after_the_write(writing: GraphEngine) -> None:
    blind = caller(scopes=frozenset(Scope) - {Scope.CONSENTS})
    given = {"customerId": "cus_101", "purpose": "p", "status": "DENIED"}
    answer = await answered(writing, CONSENT, by=blind, input=given)
    assert answer.kind is AnswerKind.PARTIAL
    assert {error["extensions"]["code"] for error in msgspec.json.decode(answer.body)["errors"]} == {"FORBIDDEN"}


@pytest.mark.parametrize("part", ["reading", "trail"])
async def test_a_change_whose_answer_cannot_be_given_is_told_as_written_and_not_to_be_tried_again(
    writing: GraphEngine, database_url: str, part: str
) -> None:
    if part == "reading":
        writing._dispatcher._most_waiting = 0
    else:
        writing._trail._log = AuditLog(database_url, most_waiting=0)
    before = event_count(database_url)
    given = {"customerId": "cus_101", "kind": "NPS", "score": 9, "channel": "WEB"}
    query = """mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) { customer { displayName } } }"""
    request = GraphQLRequest(query=query, variables={"input": given})
    answer = await writing.execute(request, caller(), now=NOW, deadline_s=1)
    [error] = msgspec.json.decode(answer.body)["errors"]
    assert (answer.kind, error["extensions"]["code"]) == (AnswerKind.PARTIAL, "OVERLOADED")
    assert error["message"].startswith("the change was written, but")
    assert event_count(database_url) == before + 1
