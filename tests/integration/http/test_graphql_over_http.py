"""Requests and answers over HTTP follow the GraphQL over HTTP draft."""

import gzip
import hashlib
import json

import httpx
import pytest

from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, serving

GRAPHQL = "application/graphql-response+json"


def ask(live: Live, query: str, *, accept: str = GRAPHQL, **more: object) -> httpx.Response:
    with live.client() as client:
        return client.post("/graphql", json={"query": query, **more}, headers={"accept": accept})


def test_an_answer_takes_the_media_type_the_client_prefers(live: Live) -> None:
    for accept, expected in [
        (GRAPHQL, GRAPHQL),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
        (f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed", GRAPHQL),
    ]:
        response = ask(live, "{ hello }", accept=accept)
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{expected}; charset=utf-8"
        assert response.json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(
    ("query", "legacy", "modern", "draft"),
    [
        ("{ hello }", 200, 200, 200),
        ("{ broken }", 200, 200, 294),
        ("{ hello", 200, 400, 400),
        ("{ nothing }", 200, 400, 422),
        ("query($n: Float!) { wait(seconds: $n) }", 200, 400, 422),
    ],
)
def test_the_status_says_how_far_the_request_came(
    live: Live, drafted: Live, query: str, legacy: int, modern: int, draft: int
) -> None:
    assert ask(live, query, accept="application/json").status_code == legacy
    assert ask(live, query).status_code == modern
    assert ask(drafted, query).status_code == draft


@pytest.fixture(scope="module")
def drafted(live: Live) -> object:
    with serving(live.database_url, live.tokens, settings=EdgeSettings(draft_status_codes=True)) as served:
        yield served


def test_an_unacceptable_accept_is_406_and_an_unknown_body_type_415(live: Live) -> None:
    assert ask(live, "{ hello }", accept="image/png").status_code == 406
    with live.client() as client:
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            response = client.post("/graphql", content=b'{"query":"{ hello }"}', headers={"content-type": content_type})
            assert response.status_code == 415, content_type
            assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_get_answers_queries_and_never_runs_mutations(live: Live) -> None:
    with live.client() as client:
        answered = client.get(
            "/graphql", params={"query": "query($n: String) { hello(name: $n) }", "variables": '{"n":"é"}'}
        )
        assert answered.json() == {"data": {"hello": "hello é"}}
        refused = client.get("/graphql", params={"query": 'mutation { rename(name: "x") }'})
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert live.small.renamed == []


def test_other_methods_are_405_with_allow(live: Live) -> None:
    with live.client() as client:
        response = client.put("/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"17", b'"text"', b"{", b"\xff\xfe", b'{"query": "\xff"}', b'{"query": 7}', b'{"query": null}',
        b"{}",
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "operationName": {}}', b"[]", b"[1]",
        b'{"query": "{ hello }", "variables": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
        b'{"query": "{ hello }", "variables": {"input": ' + b'{"child":' * 40 + b"null" + b"}" * 40 + b"}}",
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_body_that_is_no_request_is_400_with_a_graphql_error(live: Live, body: bytes) -> None:
    with live.client() as client:
        response = client.post(
            "/graphql", content=body, headers={"content-type": "application/json", "accept": GRAPHQL}
        )
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(GRAPHQL)
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_a_body_beyond_the_limit_is_413_whether_declared_streamed_or_compressed(live: Live) -> None:
    large = json.dumps({"query": "{ hello }", "variables": {"x": "y" * 2_000_000}}).encode()
    headers = {"content-type": "application/json"}
    with live.client() as client:
        assert client.post("/graphql", content=large, headers=headers).status_code == 413
        assert client.post("/graphql", content=iter([large]), headers=headers).status_code == 413
        bomb = gzip.compress(b" " * 60_000_000, compresslevel=9)
        assert len(bomb) < 300_000
        response = client.post("/graphql", content=bomb, headers=headers | {"content-encoding": "gzip"})
        assert response.status_code == 413
        assert response.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_compressed_bodies_are_read_and_broken_ones_refused(live: Live) -> None:
    packed = gzip.compress(b'{"query":"{ hello }"}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    with live.client() as client:
        assert client.post("/graphql", content=packed, headers=headers).json() == {"data": {"hello": "hello world"}}
        assert client.post("/graphql", content=packed[:-6], headers=headers).status_code == 400
        assert client.post("/graphql", content=b"not gzip", headers=headers).status_code == 400
        unknown = client.post("/graphql", content=packed, headers=headers | {"content-encoding": "br"})
        assert unknown.status_code == 415


def test_batches_are_answered_in_order_and_bounded(live: Live) -> None:
    with live.client() as client:
        batch = [{"query": "{ hello }"}, {"query": "{ nothing }"}, {"query": '{ hello(name: "b") }'}]
        response = client.post("/graphql", json=batch)
        assert response.status_code == 200
        first, second, third = response.json()
        assert (first, third) == ({"data": {"hello": "hello world"}}, {"data": {"hello": "hello b"}})
        assert second["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"
        assert client.post("/graphql", json=[{"query": "{ hello }"}] * 11).status_code == 400


def test_a_persisted_query_is_asked_for_once_and_then_known_by_its_hash(live: Live) -> None:
    query = '{ hello(name: "persisted") }'
    digest = hashlib.sha256(query.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    with live.client(accept=GRAPHQL) as client:
        unknown = client.post("/graphql", json={"extensions": extensions})
        assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        sent = client.post("/graphql", json={"query": query, "extensions": extensions})
        assert sent.json() == {"data": {"hello": "hello persisted"}}
        known = client.get("/graphql", params={"extensions": json.dumps(extensions)})
        assert known.json() == {"data": {"hello": "hello persisted"}}
        forged = client.post("/graphql", json={"query": "{ tenant }", "extensions": extensions})
        assert forged.status_code == 400


def test_an_invalid_document_is_not_remembered(live: Live) -> None:
    digest = hashlib.sha256(b"{ nothing }").hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    with live.client() as client:
        client.post("/graphql", json={"query": "{ nothing }", "extensions": extensions})
        again = client.post("/graphql", json={"extensions": extensions})
    assert again.json()["errors"][0]["message"] == "PersistedQueryNotFound"


def test_every_response_carries_timings_request_id_and_trace(live: Live) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with live.client(**{"x-request-id": "abc-1", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}) as client:
        headers = client.post("/graphql", json={"query": "{ hello }"}).headers
        assert headers["x-request-id"] == "abc-1"
        assert headers["traceresponse"].startswith(f"00-{trace}-")
        assert {part.split(";")[0] for part in headers["server-timing"].split(", ")} == {
            "plan", "queue", "db", "finish", "total",
        }  # fmt: skip
        assert headers["ratelimit-policy"] == '"requests";q=60000;w=60'
        forged = client.get("/livez", headers={"x-request-id": "a b\tc", "traceparent": "garbage"}).headers
        assert len(forged["x-request-id"]) == 32


def test_graphiql_is_served_from_local_files_to_browsers(live: Live) -> None:
    with httpx.Client(base_url=live.url) as browser:
        page = browser.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.status_code == 200
        assert "http" not in page.text
        for asset in [part.split('"')[0] for part in page.text.split('"/')[1:]]:
            assert browser.get(f"/{asset}").status_code == 200
        policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy


def test_health_tells_alive_from_ready(live: Live) -> None:
    with httpx.Client(base_url=live.url) as anyone:
        assert anyone.get("/livez").json() == {"status": "alive"}
        assert anyone.get("/readyz").json()["status"] == "ready"
        anyone.get("/nowhere")
        metrics = anyone.get("/metrics").text
    assert 'parcours_http_requests_total{route="/livez",status="200"}' in metrics
    assert "/nowhere" not in metrics
