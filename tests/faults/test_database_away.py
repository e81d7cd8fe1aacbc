"""The database goes away while the profile API serves: callers hear so at once, and later nothing of it is left."""

from contextlib import closing

import psycopg
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import EdgeSettings
from tests.conftest import _psql, database_of
from tests.integration.http.conftest import demo_tokens, serving

NOBODY = {"query": '{ customer(id: "cus_1") { id } }'}


@pytest.mark.timeout(120)
def test_a_query_while_the_database_is_away_is_answered_503_and_afterwards_as_before(postgres_url: str) -> None:
    _psql(postgres_url, "create database gone template template_parcours")
    url = database_of(postgres_url, "gone")
    tokens = demo_tokens(url)
    with (
        serving(url, tokens, settings=EdgeSettings(), engine=lambda: GraphEngine(url, connections=2)) as live,
        live.client(accept="application/graphql-response+json") as client,
        closing(psycopg.connect(postgres_url, autocommit=True)) as server,
    ):
        assert client.post("/graphql", json=NOBODY).json() == {"data": {"customer": None}}
        server.execute("alter database gone allow_connections false")
        server.execute("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = 'gone'")
        away = client.post("/graphql", json=NOBODY)
        assert (away.status_code, away.headers["retry-after"]) == (503, "1")
        assert "data" not in away.json()
        assert [error["extensions"]["code"] for error in away.json()["errors"]] == ["UNAVAILABLE"]
        server.execute("alter database gone allow_connections true")
        assert client.post("/graphql", json=NOBODY).json() == {"data": {"customer": None}}
    _psql(postgres_url, "drop database gone with (force)")
