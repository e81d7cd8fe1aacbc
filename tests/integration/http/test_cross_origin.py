"""Browsers of allowed origins may read our answers, others may not; either way they come in by the short way."""

from collections.abc import Iterator

import httpx
import pytest

from profile_api.http.cross_origin import CrossOrigin
from profile_api.http.head import read_head
from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, serving

SHOP, STRANGER = "https://shop.example", "https://stranger.example"
BODY = b'{"query": "{ hello }"}'


@pytest.fixture(scope="module")
def shop(edge_database: str, edge_tokens: dict[str, str]) -> Iterator[Live]:
    settings = EdgeSettings(cors_origins=(SHOP, "https://app.example"))
    with serving(edge_database, edge_tokens, settings=settings) as served:
        yield served


def told(response: httpx.Response) -> dict[str, str]:
    """What a response says to other origins."""
    names = [name for name in response.headers if name.startswith("access-control")]
    return {name: response.headers[name] for name in names}


def answers(live: Live, origin: str | None) -> list[httpx.Response]:
    """To a query met for the first time, met before, sent in pieces, and by GET."""
    headers = {"content-type": "application/json"} | ({"origin": origin} if origin else {})
    with live.client(**headers) as client:
        posted = [client.post("/graphql", content=body) for body in (BODY, BODY, iter([BODY]))]
        return [*posted, client.get("/graphql", params={"query": "{ hello }"})]


def test_scripts_of_an_allowed_origin_may_read_answers_and_their_limits(shop: Live) -> None:
    for response in answers(shop, SHOP):
        assert response.json() == {"data": {"hello": "hello world"}}
        assert told(response)["access-control-allow-origin"] == SHOP
        assert "ratelimit" in told(response)["access-control-expose-headers"]
        assert "origin" in response.headers["vary"]


@pytest.mark.parametrize("origin", [STRANGER, None, "null", "https://shop.example.evil", "HTTPS://SHOP.EXAMPLE"])
def test_nobody_else_is_told_more_than_that_it_depends(shop: Live, origin: str | None) -> None:
    for response in answers(shop, origin):
        assert response.status_code == 200
        assert told(response) == {}
        assert "origin" in response.headers["vary"]


def test_refusals_may_be_read_as_well(shop: Live) -> None:
    response = httpx.post(shop.url + "/graphql", content=BODY, headers={"origin": SHOP})
    assert response.status_code == 415
    assert told(response)["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize(
    ("origin", "method", "headers", "status"),
    [
        (SHOP, "POST", "authorization,content-type,x-request-id", 200),
        (SHOP, "DELETE", "authorization", 400),
        (SHOP, "POST", "x-other", 400),
        (STRANGER, "POST", "authorization", 400),
    ],
)
def test_browsers_that_ask_beforehand_are_told(shop: Live, origin: str, method: str, headers: str, status: int) -> None:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    response = httpx.options(shop.url + "/graphql", headers=asked)
    assert response.status_code == status
    assert response.headers.get("access-control-allow-origin") == (SHOP if origin == SHOP else None)


def test_without_allowed_origins_nothing_is_said_of_them(live: Live) -> None:
    for response in answers(live, SHOP):
        assert response.status_code == 200
        assert told(response) == {}


def test_a_request_of_a_browser_takes_the_short_way() -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    read = read_head(head + b"origin: https://shop.example\r\n\r\n", CrossOrigin((SHOP,)))
    assert read is not None
    assert b"access-control-allow-origin: https://shop.example\r\n" in read.cross_origin
