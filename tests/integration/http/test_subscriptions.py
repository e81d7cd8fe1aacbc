"""Changes committed by any process, and stages reached by time alone, come to whoever listens."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, demo_tokens, serving
from tests.integration.http.test_websocket import heard, say, talking

CUSTOMER = """
subscription Watch($id: ID!, $since: DateTime) {
  customerChanged(id: $id, since: $since) { customer { id givenName lifecycle { stage } } }
}
"""


@pytest.fixture(scope="module")
def shop(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    with serving(
        edge_database, edge_tokens, settings=EdgeSettings(), engine=lambda: GraphEngine(edge_database)
    ) as live:
        yield live


def run(live: Live, statement: str, *values: Any) -> Any:
    with psycopg.connect(live.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchone() if cursor.description else None


def new_customer(live: Live, tenant: str = "shop") -> int:
    row = run(
        live,
        """
        with made as (select nextval(pg_get_serial_sequence('customer', 'id')) as id)
        insert into customer (id, tenant_id, root_id, created_at, given_name)
        select made.id, tenant.id, made.id, now(), 'Ada' from made, tenant where tenant.key = %s returning id
        """,
        tenant,
    )
    enter(live, row[0], "NEW", datetime.now(UTC) - timedelta(days=2))
    return int(row[0])


def enter(live: Live, customer: int, stage: str, at: datetime) -> None:
    """The customer enters the stage; nobody is notified."""
    run(
        live,
        """
        with before as (
          update lifecycle_transition set until_at = %s where customer_id = %s and until_at = 'infinity'
        )
        insert into lifecycle_transition
          (tenant_id, customer_id, model, effective_at, to_stage, reason, policy_version, cycle, recorded_at)
        select tenant_id, id, 'relationship', %s, %s, 'TEST', '1', 1, now() from customer where id = %s
        """,
        *(at, customer, at, stage, customer),
    )


def announce(live: Live, customer: int | None, tenant: str = "shop") -> None:
    named = "null" if customer is None else f"[{customer}]"
    run(
        live,
        """
        select pg_notify('parcours_change', format('{"tenant":%%s,"customers":%%s}', id, %s::text))
        from tenant where key = %s
        """,
        *(named, tenant),
    )


def subscribed(socket: Any, customer: int, **variables: Any) -> None:
    """Subscribes and returns once the subscription is live: its first event has come."""
    variables = {"id": f"cus_{customer}", "since": datetime.now(UTC).isoformat()} | variables
    say(socket, type="subscribe", id="w", payload={"query": CUSTOMER, "variables": variables})


def stage_in(message: dict[str, Any]) -> str:
    stage: str = message["payload"]["data"]["customerChanged"]["customer"]["lifecycle"]["stage"]
    return stage


def test_a_committed_change_reaches_the_listener_with_the_new_state(shop: Live) -> None:
    customer = new_customer(shop)
    with talking(shop) as socket:
        subscribed(socket, customer)
        assert stage_in(heard(socket)) == "NEW"
        enter(shop, customer, "DEVELOPING", datetime.now(UTC) - timedelta(seconds=1))
        announce(shop, customer)
        assert stage_in(heard(socket)) == "DEVELOPING"


def test_news_too_large_to_name_customers_wakes_everybody_of_the_tenant(shop: Live) -> None:
    customer = new_customer(shop)
    with talking(shop) as socket:
        subscribed(socket, customer)
        heard(socket)
        announce(shop, None)
        assert stage_in(heard(socket)) == "NEW"


def test_a_stage_reached_by_time_alone_is_told_when_it_takes_effect(shop: Live) -> None:
    customer = new_customer(shop)
    with talking(shop) as socket:
        subscribed(socket, customer)
        assert stage_in(heard(socket)) == "NEW"
        enter(shop, customer, "LAPSING", datetime.now(UTC) + timedelta(seconds=1.5))
        announce(shop, customer)
        # Nobody announces it: it is told when its time has come, or nothing more is heard and this fails.
        assert "LAPSING" in map(stage_in, iter(lambda: heard(socket), None))


def test_changes_of_others_and_of_other_tenants_are_not_told(shop: Live) -> None:
    mine, other = new_customer(shop), new_customer(shop)
    demo_tokens(shop.database_url, tenant="elsewhere")
    foreign = new_customer(shop, "elsewhere")
    with talking(shop) as socket:
        subscribed(socket, mine)
        heard(socket)
        announce(shop, other)
        announce(shop, foreign, "elsewhere")
        announce(shop, mine)
        assert heard(socket)["payload"]["data"]["customerChanged"]["customer"]["id"] == f"cus_{mine}"
        say(socket, type="ping")
        assert heard(socket)["type"] == "pong"


def test_nobody_listens_to_a_customer_of_another_tenant(shop: Live) -> None:
    foreign = new_customer(shop, "elsewhere")
    with talking(shop) as socket:
        subscribed(socket, foreign)
        message = heard(socket)
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")


def test_fields_outside_the_callers_scopes_stay_masked_in_events(shop: Live) -> None:
    customer = new_customer(shop)
    with talking(shop, role="analyst") as socket:
        subscribed(socket, customer)
        payload = heard(socket)["payload"]
    assert payload["data"]["customerChanged"]["customer"]["givenName"] is None


def test_stage_changes_of_the_tenant_are_told_by_stage_with_or_without_a_notification(shop: Live) -> None:
    first, second, third = new_customer(shop), new_customer(shop), new_customer(shop)
    query = "subscription { stageChanged(to: [LAPSING, FORMER]) { toStage effectiveAt reason customer { id } } }"
    with talking(shop) as socket:
        say(socket, type="subscribe", id="s", payload={"query": query})
        warm = new_customer(shop)
        _until_listening(shop, socket, warm)
        enter(shop, first, "DEVELOPING", datetime.now(UTC) - timedelta(minutes=1))
        enter(shop, second, "LAPSING", datetime.now(UTC) - timedelta(minutes=1))
        enter(shop, third, "FORMER", datetime.now(UTC) + timedelta(seconds=1))
        announce(shop, None)
        told: list[tuple[str, str]] = []
        while len(told) < 2:
            event = heard(socket)["payload"]["data"]["stageChanged"]
            if event["customer"]["id"] != f"cus_{warm}":
                told.append((event["customer"]["id"], event["toStage"]))
    assert told == [(f"cus_{second}", "LAPSING"), (f"cus_{third}", "FORMER")]


def _until_listening(live: Live, socket: Any, customer: int) -> None:
    """Makes `customer` FORMER again and again until the listener hears of it."""
    done = threading.Event()

    def poke() -> None:
        at = datetime.now(UTC) - timedelta(hours=20)
        while not done.wait(0.3):
            at += timedelta(minutes=1)
            enter(live, customer, "FORMER", at)
            announce(live, customer)

    thread = threading.Thread(target=poke)
    thread.start()
    try:
        assert heard(socket)["payload"]["data"]["stageChanged"]["customer"]["id"] == f"cus_{customer}"
    finally:
        done.set()
        thread.join()


def test_the_feed_reconnects_and_tells_what_it_missed(shop: Live) -> None:
    customer = new_customer(shop)
    with talking(shop) as socket:
        subscribed(socket, customer)
        heard(socket)
        enter(shop, customer, "LOYAL", datetime.now(UTC) - timedelta(seconds=1))
        run(shop, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'parcours-changes'")
        assert stage_in(heard(socket)) == "LOYAL"
