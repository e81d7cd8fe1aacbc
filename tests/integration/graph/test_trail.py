"""Whoever reads personal data leaves a trail: who, which kind, of whom, when; never what it said."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import psycopg
import pytest

from profile_api.access.roles import Role, scopes_of
from profile_api.audit.log import AuditLog, TrailFullError
from profile_api.audit.personal_data import PersonalData, PersonalDataRead, trace_id
from profile_api.audit.trail import TrailEntry, get_trail
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import AnswerKind, Caller, GraphQLRequest
from profile_api.graph.schema import catalogue
from profile_api.http.settings import SERVICE_ROLE
from profile_api.store.database import connect
from tests.integration.graph.conftest import Ask, answered
from tests.integration.graph.world import NOW

pytestmark = pytest.mark.anyio
Trail = Callable[..., Awaitable[list[TrailEntry]]]


def somebody(role: Role) -> Caller:
    return Caller(tenant_id=1, subject=f"key:{role}", roles=frozenset({role}), scopes=scopes_of(frozenset({role})))


@pytest.fixture
def trail(world_url: str) -> Trail:
    """The trail of the first tenant, once the engine has written it."""

    async def read(**chosen: Any) -> list[TrailEntry]:
        connection = await connect(world_url)
        try:
            for _ in range(1000):
                entries = await get_trail(connection, 1, **chosen)
                if entries:
                    return entries
                await asyncio.sleep(0.05)
            return []
        finally:
            await connection.close()

    return read


@pytest.fixture(autouse=True)
def _forgotten(world_url: str) -> None:
    with psycopg.connect(world_url, autocommit=True) as connection:
        connection.execute("alter table personal_data_read disable trigger all")
        connection.execute("delete from personal_data_read")
        connection.execute("alter table personal_data_read enable trigger all")


async def test_a_read_is_told_with_who_what_whom_and_when_and_no_value(ask: Ask, trail: Trail) -> None:
    trace_id.set(b"4bf92f3577b34da6a3ce929d0e0e4736")
    card = 'query Card { customer(id: "cus_102") { displayName city identities { value } lifecycle { stage } } }'
    response = await ask(card, by=somebody(Role.AGENT))
    assert response["data"]["customer"]["city"] == "Nantes"
    [entry] = await trail()
    assert (entry.caller, entry.roles, entry.operation) == ("key:agent", ["agent"], "Card")
    assert (entry.at, entry.trace_id) == (NOW, "4bf92f3577b34da6a3ce929d0e0e4736")
    assert entry.customers == [101]
    assert (sorted(entry.read), entry.withheld) == (["ADDRESS", "IDENTIFIERS", "NAME"], [])
    assert "Nantes" not in str(entry)


@pytest.mark.parametrize(
    ("query", "customers", "read"),
    [
        ('{ customer(identity: {type: EMAIL, value: "bob@shop.fr"}) { lifecycle { stage } } }', [103], ["LOOK_UP"]),
        ('{ customer(identity: {type: EMAIL, value: "nobody@shop.fr"}) { id } }', [], ["LOOK_UP"]),
        ('{ customer(identity: {type: ORDER_ID, value: "T1-2"}) { id } }', [101], ["LOOK_UP"]),
        ('{ searchCustomers(text: "bob") { customer { id } } }', [103], ["SEARCH"]),
        ("{ customers(last: 2) { edges { node { ageBand } } } }", [101, 103], ["AGE"]),
        ('{ a: customer(id: "cus_103") { city } b: customer(id: "cus_101") { id } }', [103], ["ADDRESS"]),
        (
            '{ customer(id: "cus_101") { timeline(first: 3) { edges { node { properties } } } } }',
            [101],
            ["TOUCHPOINT_DETAILS"],
        ),
        ('{ customer(id: "cus_101") { service { lastContact { subject } } } }', [101], ["WORDS"]),
        ('{ node(id: "cus_103") { ... on Customer { traits { value } } } }', [103], ["TRAITS"]),
        (
            '{ _entities(representations: [{__typename: "Customer", id: "cus_103"}])'
            " { ... on Customer { givenName } } }",
            [103],
            ["NAME"],
        ),
        (
            'mutation { setConsent(input: {customerId: "cus_102", purpose: "x", status: GRANTED})'
            " { customer { givenName } } }",
            [101],
            ["NAME"],
        ),
    ],
)
async def test_every_way_to_personal_data_leaves_a_trail(
    ask: Ask, trail: Trail, query: str, customers: list[int], read: list[str]
) -> None:
    response = await ask(query, by=somebody(Role.SERVICE))
    assert "errors" not in response, response
    [entry] = await trail()
    assert (entry.customers, entry.read) == (customers, read)


async def test_a_touchpoint_found_by_its_id_is_about_whom_it_happened_to(ask: Ask, trail: Trail) -> None:
    [event] = [
        edge["node"]["id"]
        for edge in (await ask('{ customer(id: "cus_101") { timeline(first: 1) { edges { node { id } } } } }'))["data"][
            "customer"
        ]["timeline"]["edges"]
    ]
    await ask(f'{{ node(id: "{event}") {{ ... on Touchpoint {{ device }} }} }}')
    [entry] = await trail()
    assert entry.read == ["TOUCHPOINT_DETAILS"]
    assert entry.customers[0] in (101, 102)


async def test_what_is_refused_is_told_as_refused(ask: Ask, trail: Trail) -> None:
    response = await ask('{ customer(id: "cus_101") { displayName lifecycle { stage } } }', by=somebody(Role.FRONT_END))
    assert response["data"]["customer"]["displayName"] is None
    [entry] = await trail()
    assert (entry.caller, entry.customers, entry.read, entry.withheld) == ("key:front_end", [101], [], ["NAME"])
    refused = await ask('{ searchCustomers(text: "bob") { score } }', by=somebody(Role.ANALYST))
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert [one.withheld for one in await trail(caller="key:analyst")] == [["SEARCH"]]


async def test_what_is_not_personal_leaves_no_trail(engine: GraphEngine, ask: Ask, trail: Trail) -> None:
    await ask('{ customer(id: "cus_101") { id lifecycle { stage } metrics { orderCount } orders { totalCount } } }')
    await ask('{ customer(id: "cus_103") { city } }')  # written after it, had there been anything
    assert [entry.customers for entry in await trail()] == [[103]]


async def test_the_trail_of_a_person_is_found_by_any_of_their_records(ask: Ask, trail: Trail) -> None:
    await ask('{ customer(id: "cus_101") { city } }')
    await ask('{ customer(id: "cus_103") { city } }')
    await trail(customer_id=103)
    assert [entry.customers for entry in await trail(customer_id=102)] == [[101]]


async def test_an_event_of_a_subscription_leaves_a_trail_each_time(world_url: str, trail: Trail) -> None:
    engine = GraphEngine(world_url, connections=1, database_role=SERVICE_ROLE)
    await engine.start()
    since = (NOW - timedelta(days=1)).isoformat()
    query = f'subscription Watch {{ customerChanged(id: "cus_103", since: "{since}") {{ customer {{ givenName }} }} }}'
    events = engine.subscribe(GraphQLRequest(query=query), somebody(Role.AGENT))
    assert b"Bob" in (await anext(events)).body
    await events.aclose()
    await engine.close()
    [entry] = await trail()
    assert (entry.operation, entry.customers, entry.read) == ("Watch", [103], ["NAME"])


async def test_a_graceful_stop_writes_what_waits(world_url: str, trail: Trail) -> None:
    engine = GraphEngine(world_url, connections=1, database_role=SERVICE_ROLE)
    await engine.start()
    for _ in range(30):
        await answered(engine, '{ customer(id: "cus_103") { city } }', by=somebody(Role.AGENT))
    await engine.close()
    assert len(await trail()) == 30


async def test_reads_wait_while_the_database_is_away_and_are_refused_when_too_many_wait(world_url: str) -> None:
    def read(number: int) -> PersonalDataRead:
        return PersonalDataRead(
            tenant_id=1, at=NOW, caller="key:x", roles=("agent",), operation=None, trace_id="", customers=(number,),
            read=("NAME",), withheld=(),
        )  # fmt: skip

    with psycopg.connect(world_url) as blocking:
        log = AuditLog(world_url, role=SERVICE_ROLE, most_waiting=5)
        blocking.execute("lock table personal_data_read in access exclusive mode")
        for number in range(5):
            await log.record(read(number), within_s=1)
        with pytest.raises(TrailFullError):
            await log.record(read(5), within_s=0.05)
        late = asyncio.create_task(log.record(read(6), within_s=20))
        blocking.rollback()
    await late
    await log.close()
    with psycopg.connect(world_url) as connection:
        rows = connection.execute("select customers from personal_data_read where caller = 'key:x'").fetchall()
    assert sorted(row[0] for row in rows) == [[0], [1], [2], [3], [4], [6]]


async def test_an_answer_that_cannot_be_accounted_for_is_not_given(world_url: str) -> None:
    engine = GraphEngine(world_url, connections=1)
    engine._trail._log = AuditLog(world_url, most_waiting=0)
    await engine.start()
    request = GraphQLRequest(query='{ customer(id: "cus_103") { city } }')
    answer = await engine.execute(request, somebody(Role.AGENT), now=NOW, deadline_s=0.3)
    assert answer.kind is AnswerKind.OVERLOADED
    assert b"Paris" not in answer.body
    await engine.close()


async def test_a_read_the_table_refuses_does_not_hold_up_the_others(world_url: str, trail: Trail) -> None:
    log = AuditLog(world_url)
    for subject, operation in (("a\x00b\ud800", None), ("key:x", "bad\x00name"), ("key:y", None)):
        await log.record(
            PersonalDataRead(
                tenant_id=1, at=NOW, caller=subject, roles=(), operation=operation, trace_id="", customers=(),
                read=("NAME",), withheld=(),
            ),
            within_s=1,
        )  # fmt: skip
    await log.close()
    assert sorted(entry.caller for entry in await trail()) == ["ab?", "key:y"]


def test_nobody_changes_the_trail_and_the_service_cannot_read_it(world_url: str) -> None:
    with psycopg.connect(world_url, autocommit=True) as connection:
        connection.execute(
            "insert into personal_data_read (tenant_id, at, caller, roles, trace_id, customers, read, withheld)"
            " select 1, at, 'key:x', '{}', '', '{}', '{NAME}', '{}'"
            " from unnest(array[now() - interval '500 days', now() - interval '40 days', now()]) as at"
        )
        for change in (
            "update personal_data_read set caller = 'me'",
            "delete from personal_data_read where at > now() - interval '1 day'",
            "truncate personal_data_read",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(change.encode())
        connection.execute(f"set role {SERVICE_ROLE}".encode())
        connection.execute("set parcours.tenant = '1'")
        for forbidden in ("select 1 from personal_data_read", "delete from personal_data_read"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "insert into personal_data_read (tenant_id, at, caller, roles, trace_id, customers, read, withheld)"
                " values (2, now(), '', '{}', '', '{}', '{}', '{}')"
            )
        assert connection.execute("select forget_personal_data_reads(400)").fetchone() == (1,)
        assert connection.execute("select forget_personal_data_reads(0)").fetchone() == (1,)  # never below 30 days


async def test_retention_is_kept_by_whoever_writes(world_url: str) -> None:
    log = AuditLog(world_url, role=SERVICE_ROLE, kept_days=100)
    for at in (datetime.now(UTC) - timedelta(days=200), datetime.now(UTC)):
        read = PersonalDataRead(
            tenant_id=1, at=at, caller="key:x", roles=(), operation=None, trace_id="", customers=(), read=(),
            withheld=(),
        )  # fmt: skip
        await log.record(read, within_s=1)
    await log.close()
    connection: asyncpg.Connection = await connect(world_url)
    try:
        assert len(await get_trail(connection, 1)) == 1
    finally:
        await connection.close()


def test_every_personal_field_says_which_kind_of_personal_data_it_is() -> None:
    from profile_api.graph.request import Scope

    unnamed = [
        f"{type_}.{name}"
        for (type_, name), declared in catalogue().fields.items()
        if declared.scope is Scope.PII and declared.personal is None
    ]
    assert unnamed == []
    assert {declared.personal for declared in catalogue().fields.values()} >= set(PersonalData) - {PersonalData.LOOK_UP}
