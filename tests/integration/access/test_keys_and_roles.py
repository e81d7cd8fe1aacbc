"""API keys: who gets in, who does not, what each role sees, and how much each may ask for."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from profile_api.access.api_keys import create_api_key
from profile_api.access.errors import UnknownTenantError
from profile_api.access.roles import SCOPES_OF_ROLE, Role, scopes_of
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Scope
from profile_api.http.settings import EdgeSettings, Environment
from profile_api.store.database import connect
from tests.integration.http.conftest import Live, demo_tokens, serving
from tests.integration.http.test_websocket import wait_until


def ask(live: Live, query: str, role: str | None = "agent", **variables: Any) -> httpx.Response:
    with live.client(role) as client:
        return client.post("/graphql", json={"query": query, "variables": variables})


def make_key(live: Live, *, tenant: str = "shop", expires_at: datetime | None = None) -> str:
    async def create() -> str:
        connection = await connect(live.database_url)
        try:
            return await create_api_key(
                connection, tenant=tenant, role=Role.AGENT, name="test", now=datetime.now(UTC), expires_at=expires_at
            )
        finally:
            await connection.close()

    return asyncio.run(create())


@pytest.fixture(scope="module")
def real(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    """The edge with the real engine, one customer with a name in each of two tenants."""
    others = demo_tokens(edge_database, tenant="other")
    with psycopg.connect(edge_database, autocommit=True) as connection:
        connection.execute(
            """
            insert into customer (id, tenant_id, root_id, created_at, given_name, country)
            select 1000 + id, id, 1000 + id, now(), 'Ada', 'FR' from tenant
            """
        )
    tokens = edge_tokens | {f"other_{role}": token for role, token in others.items()}
    with serving(edge_database, tokens, settings=EdgeSettings(), engine=lambda: GraphEngine(edge_database)) as served:
        yield served


def test_without_a_token_or_with_an_unknown_one_nobody_gets_in(live: Live) -> None:
    for authorization in (
        None,
        "Bearer",
        "Basic YTpi",
        "Bearer prc_0123456789_x",
        "Bearer nonsense",
        "Bearer " + "x" * 9000,
    ):
        headers = {"authorization": authorization} if authorization else {}
        response = httpx.post(live.url + "/graphql", json={"query": "{ hello }"}, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="parcours"'
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_token_is_kept_as_a_hash_and_never_in_clear(live: Live) -> None:
    token = make_key(live)
    with psycopg.connect(live.database_url) as connection:
        rows = connection.execute("select api_key::text from api_key").fetchall()
    assert rows
    assert all(token.split("_")[2] not in row for (row,) in rows)


def test_an_expired_key_is_refused(live: Live) -> None:
    token = make_key(live, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    response = httpx.post(
        live.url + "/graphql", json={"query": "{ hello }"}, headers={"authorization": f"Bearer {token}"}
    )
    assert response.status_code == 401


def test_a_revoked_key_is_refused_once_it_is_looked_up_again(live: Live) -> None:
    token = make_key(live)
    with serving(live.database_url, live.tokens, settings=EdgeSettings(caller_cached_s=0)) as forgetful:

        def status() -> int:
            headers = {"authorization": f"Bearer {token}"}
            return httpx.post(forgetful.url + "/graphql", json={"query": "{ hello }"}, headers=headers).status_code

        assert status() == 200
        with psycopg.connect(live.database_url, autocommit=True) as connection:
            connection.execute("update api_key set revoked_at = now() where public_id = %s", [token.split("_")[1]])
        assert status() == 401


def test_a_key_for_a_tenant_that_does_not_exist_is_not_made(live: Live) -> None:
    with pytest.raises(UnknownTenantError, match="there is no tenant 'nobody'"):
        make_key(live, tenant="nobody")


def test_strangers_who_keep_guessing_are_slowed_down(live: Live) -> None:
    settings = EdgeSettings(failed_logins_per_minute=3)
    with serving(live.database_url, live.tokens, settings=settings) as guarded:
        headers = [{"authorization": f"Bearer prc_0123456789_{number}"} for number in range(5)]
        answers = [httpx.post(guarded.url + "/graphql", json={"query": "{ hello }"}, headers=h) for h in headers]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1


def test_strangers_are_counted_and_told_in_the_security_log_without_saying_who(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    settings = EdgeSettings(failed_logins_per_minute=2)
    with serving(live.database_url, live.tokens, settings=settings) as guarded:
        tokens: list[str | None] = [None, *(f"prc_0123456789_secret{number}" for number in range(3)), "a.b.c"]
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            httpx.post(guarded.url + "/graphql", json={"query": "{ hello }"}, headers=headers)
        assert 'parcours_turned_away_total{reason="UNKNOWN_KEY"}' in httpx.get(guarded.url + "/metrics").text
    told = [record.getMessage() for record in caplog.records if record.name == "parcours.security"]
    assert all(line.startswith("turned away: ") and line.endswith("; addresses: 1") for line in told)
    counts = Counter[str]()  # mostly of one line, but one is due every ten seconds
    for count, reason in re.findall(r"(\d+) ([A-Z_]+)", " ".join(told)):
        counts[reason] += int(count)
    assert counts == {"NO_TOKEN": 1, "TOO_MANY": 2, "UNKNOWN_KEY": 2}
    assert "secret" not in caplog.text


def test_requests_and_cost_of_one_caller_are_limited_and_others_are_not(live: Live) -> None:
    settings = EdgeSettings(requests_per_minute=5, cost_per_minute=100)
    with serving(live.database_url, live.tokens, settings=settings) as limited:
        answers = [ask(limited, "{ hello }", "analyst") for _ in range(7)]
        assert [answer.status_code for answer in answers][:5] == [200] * 5
        assert answers[6].status_code == 429
        assert answers[6].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert answers[0].headers["ratelimit"].startswith('"requests";r=4;t=')
        assert ask(limited, "{ hello }", "agent").status_code == 200
        costly = [ask(limited, "query($of: Int!) { cost(of: $of) }", "service", of=60) for _ in range(2)]
        assert [answer.status_code for answer in costly] == [200, 429]
        assert costly[1].headers["ratelimit-policy"] == '"cost";q=100;w=60'


def test_limits_hold_for_all_processes_together(live: Live) -> None:
    """Two servers on one database are what two workers, or two machines, are."""
    settings = EdgeSettings(requests_per_minute=600)
    with (
        serving(live.database_url, live.tokens, settings=settings) as one,
        serving(live.database_url, live.tokens, settings=settings) as other,
    ):
        with one.client("privacy_officer") as client:
            for _ in range(40):
                assert client.post("/graphql", json=[{"query": "{ hello }"}] * 10).status_code == 200

        def left_there() -> int:
            return int(ask(other, "{ hello }", "privacy_officer").headers["ratelimit"].split(";")[1].removeprefix("r="))

        assert left_there() > 590
        wait_until(lambda: left_there() < 500)
        assert ask(other, "{ hello }", "analyst").headers["ratelimit"].startswith('"requests";r=599;')


def test_a_tenant_sees_its_own_customers_only(real: Live) -> None:
    query = "{ customers(first: 10) { edges { node { id givenName } } } }"
    found = {
        role: [edge["node"]["id"] for edge in ask(real, query, role).json()["data"]["customers"]["edges"]]
        for role in ("agent", "other_agent")
    }
    assert len(found["agent"]) == len(found["other_agent"]) == 1
    assert found["agent"] != found["other_agent"]
    foreign = ask(real, "query($id: ID) { customer(id: $id) { id } }", "agent", id=found["other_agent"][0])
    assert foreign.json() == {"data": {"customer": None}}


def test_names_are_masked_for_roles_without_the_scope_and_said_so(real: Live) -> None:
    query = "{ customers(first: 1) { edges { node { givenName country } } } }"
    for role in Role:
        answer = ask(real, query, role.value).json()
        node = answer["data"]["customers"]["edges"][0]["node"]
        assert node["country"] == "FR"
        if Scope.PII in SCOPES_OF_ROLE[role]:
            assert node["givenName"] == "Ada"
        else:
            assert node["givenName"] is None
            assert "PII" in json.dumps(answer.get("extensions", {})) + json.dumps(answer.get("errors", []))


def test_every_role_is_in_the_table_and_no_role_means_no_scope() -> None:
    assert set(SCOPES_OF_ROLE) == set(Role)
    assert scopes_of(frozenset()) == frozenset()
    assert not any(Scope.PII in SCOPES_OF_ROLE[role] for role in (Role.FRONT_END, Role.ANALYST, Role.ML_ENGINEER))
    assert {role for role in Role if Scope.WRITE in SCOPES_OF_ROLE[role]} == {
        Role.AGENT, Role.PRIVACY_OFFICER, Role.SERVICE,
    }  # fmt: skip


def test_production_refuses_to_start_with_demonstration_keys(live: Live) -> None:
    settings = EdgeSettings(environment=Environment.PRODUCTION)
    with pytest.raises(AssertionError, match="did not start"), serving(live.database_url, {}, settings=settings):
        pass


def test_the_command_line_creates_lists_and_revokes(live: Live) -> None:
    environment = os.environ | {"DATABASE_URL": live.database_url, "PARCOURS_TENANT": "shop"}

    def parcours(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from parcours.cli import main; sys.argv[0] = 'parcours'; main()"
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    made = json.loads(parcours("keys", "create", "--role", "agent", "--name", "till 4", "--days", "2", "--json").stdout)
    key_id = made["token"].split("_")[1]
    listed = {key["id"]: key for key in json.loads(parcours("keys", "list", "--json").stdout)}
    assert (listed[key_id]["name"], listed[key_id]["state"]) == ("till 4", "live")
    assert parcours("keys", "revoke", key_id).returncode == 0
    again = parcours("keys", "revoke", key_id)
    assert (again.returncode, "in force" in again.stderr) == (1, True)
    unknown = parcours("keys", "create", "--role", "wizard", "--name", "x")
    assert unknown.stderr.startswith("parcours: there is no role 'wizard'")
