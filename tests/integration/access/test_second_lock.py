"""The database keeps tenants apart by itself, even from a statement that forgot to."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import psycopg
import pytest

from profile_api.graph.dispatch import Dispatcher
from profile_api.graph.engine import GraphEngine
from profile_api.graph.tables import TABLES
from profile_api.http.settings import SERVICE_ROLE, EdgeSettings, Environment
from tests.integration.http.conftest import Live, demo_tokens, serving


@dataclass(frozen=True)
class Forgetful:
    """A statement without any tenant predicate: what a mistake in the planner would look like."""

    single: str = "select count(*)::text from customer where $1::integer > 0"
    batched: str = """
      select place, (select count(*)::text from customer)
      from unnest($1::integer[]) with ordinality as p (tenant, place)
    """


@pytest.fixture
def two_tenants(database_url: str) -> dict[str, int]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            insert into tenant (id, key, name, currency, time_zone)
            values (101, 'one', 'One', 'EUR', 'UTC'), (102, 'two', 'Two', 'EUR', 'UTC')
            """
        )
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) "
            "select n, case when n <= 3 then 101 else 102 end, n, now() from generate_series(1, 8) n"
        )
    return {"one": 101, "two": 102}


def test_a_statement_that_forgets_the_tenant_still_sees_one_only(
    database_url: str, two_tenants: dict[str, int]
) -> None:
    async def counts(role: str | None) -> list[str]:
        dispatcher = Dispatcher(database_url, connections=1, role=role)
        await dispatcher.start()
        try:
            asked = [dispatcher.ask(Forgetful(), (tenant,), deadline_s=10) for tenant in [101, 102, 101, 102, 102]]
            return [reply.text.decode() for reply in await asyncio.gather(*asked)]
        finally:
            await dispatcher.close()

    assert asyncio.run(counts(None)) == ["8"] * 5
    assert asyncio.run(counts(SERVICE_ROLE)) == ["3", "5", "3", "5", "5"]


def test_the_role_reads_what_the_planner_reads_and_nothing_else(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set parcours.tenant = '1'")
        connection.execute(f"set role {SERVICE_ROLE}".encode())
        for table in TABLES:
            connection.execute(f"select * from {table} limit 0".encode())  # open it in a migration: grant and policy
        for table in ("api_key", "access_log", "received_message"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from {table} limit 0".encode())
        for change in ("update customer set city = 'x'", "delete from event", "insert into tenant default values"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())


def test_every_table_the_role_reads_has_a_policy(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        guarded = connection.execute(
            "select relname from pg_class join pg_policy on polrelid = pg_class.oid where relrowsecurity"
        ).fetchall()
    assert {name for (name,) in guarded} >= set(TABLES)


def test_without_a_tenant_the_role_sees_nothing(database_url: str, two_tenants: dict[str, int]) -> None:
    async def look() -> Any:
        connection = await asyncpg.connect(database_url, server_settings={"role": SERVICE_ROLE})
        try:
            return await connection.fetchval("select count(*) from customer")
        finally:
            await connection.close()

    with pytest.raises(asyncpg.PostgresError, match=r"parcours\.tenant"):
        asyncio.run(look())


@pytest.fixture
def locked(database_url: str) -> Iterator[Live]:
    tokens = demo_tokens(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update api_key set demo = false")
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at, given_name) "
            "select 77, id, 77, now(), 'Ada' from tenant"
        )
    settings = EdgeSettings(environment=Environment.PRODUCTION)
    engine = lambda: GraphEngine(database_url, database_role=settings.reading_role)  # noqa: E731
    with serving(database_url, tokens, settings=settings, engine=engine) as live:
        yield live


def test_production_reads_under_the_second_lock(locked: Live) -> None:
    query = '{ customer(id: "cus_77") { givenName lifecycle { stage } orders(first: 1) { totalCount } } }'
    with locked.client("agent") as client:
        answer = client.post("/graphql", json={"query": query}).json()
        listed = client.post("/graphql", json={"query": '{ searchCustomers(text: "ada") { score } }'}).json()
    assert answer["data"]["customer"] is None or answer["data"]["customer"]["givenName"] == "Ada"
    assert [hit["score"] for hit in listed["data"]["searchCustomers"]] == [0.95]


def test_names_are_found_by_the_index_under_the_second_lock_and_in_one_tenant_only(
    database_url: str, two_tenants: dict[str, int]
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update customer set given_name = 'Ada', family_name = 'Lovelace'")
        keys = connection.execute("select name_keys from customer where tenant_id = 101 limit 1").fetchone()
        connection.execute("set parcours.tenant = '101'")
        connection.execute(f"set role {SERVICE_ROLE}".encode())
        found = connection.execute("select customers_by_name_key(101, %s)", keys).fetchall()
        assert len(found) == 3
        foreign = [key.replace("101:", "102:") for key in keys[0]] if keys else []
        assert connection.execute("select customers_by_name_key(102, %s)", (foreign,)).fetchall() == []
