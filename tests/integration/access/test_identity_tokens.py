"""Tokens of an identity provider: good ones get in with their tenant and roles, all others do not."""

import asyncio
import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from profile_api.access.errors import IdentityProviderDownError, UnauthenticatedError
from profile_api.access.signing_keys import SigningKeys
from profile_api.http.settings import EdgeSettings
from tests.integration.http.conftest import Live, serving


@dataclass(frozen=True, slots=True)
class FromNow:
    """An instant so many seconds after a token is made: parameters of tests are read minutes before they run."""

    seconds: int


@dataclass
class Provider:
    """An identity provider of our own: real keys, real tokens, real HTTP."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    asked: int = 0
    broken: bool = False
    was_asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def rotate(self, key_id: str) -> None:
        self.keys[key_id] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, Any]:
        keys = []
        for key_id, key in self.keys.items():
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            use = "enc" if key_id == "for secrets" else "sig"
            keys.append(public | {"kid": key_id, "use": use, "alg": "RS256"})
        return {"keys": keys}

    def token(self, key_id: str = "first", *, signed_by: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        payload = {
            "iss": self.url, "aud": "parcours", "sub": "ada", "iat": now, "exp": now + 300,
            "org": {"tenant": "shop"}, "roles": ["cc-agent", "something-else"],
        }  # fmt: skip
        given = {name: now + value.seconds if isinstance(value, FromNow) else value for name, value in claims.items()}
        payload = {name: value for name, value in (payload | given).items() if value is not None}
        headers = {"kid": key_id, "jku": self.url + "/elsewhere"}  # where a forger would have us look
        return jwt.encode(payload, signed_by or self.keys[key_id], algorithm=algorithm, headers=headers)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                document: dict[str, Any] = {"issuer": state.url, "jwks_uri": state.url + "/keys"}
            else:
                assert self.path == "/keys"
                state.asked += 1
                state.was_asked.set()
                state.may_answer.wait(10)
                document = state.jwks()
            self.send_response(500 if state.broken else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    state.rotate("first")
    state.rotate("for secrets")
    state.may_answer.set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def guarded(live: Live, provider: Provider) -> Iterator[Live]:
    settings = EdgeSettings(
        oidc_issuer=provider.url, oidc_tenant_claim="org.tenant", oidc_role_names={"cc-agent": "agent"}
    )
    with serving(live.database_url, live.tokens, settings=settings) as served:
        yield served


def answer_to(live: Live, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(live.url + "/graphql", json={"query": "{ tenant }"}, headers=headers)


def test_a_good_token_gets_in_with_its_tenant(guarded: Live, provider: Provider) -> None:
    response = answer_to(guarded, provider.token())
    assert response.status_code == 200
    with guarded.client("agent") as client:
        assert response.json() == client.post("/graphql", json={"query": "{ tenant }"}).json()


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": FromNow(-1)},
        {"nbf": FromNow(20)},
        {"aud": ["another", "parcours"]},
        {"roles": "cc-agent"},
        {"roles": ["analyst", "cc-agent", 7, None]},
    ],
)
def test_clocks_may_differ_by_seconds_and_claims_may_be_lists(
    guarded: Live, provider: Provider, claims: dict[str, Any]
) -> None:
    assert answer_to(guarded, provider.token(**claims)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": 1}, 401),
        ({"exp": FromNow(-400)}, 401),
        ({"exp": "tomorrow"}, 401),
        ({"iat": FromNow(900)}, 401),
        ({"iss": None}, 401),
        ({"aud": None}, 401),
        ({"aud": ["another"]}, 401),
        ({"sub": 7}, 401),
        ({"exp": None}, 401),
        ({"sub": None}, 401),
        ({"aud": "another"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"nbf": FromNow(900)}, 401),
        ({"org": None}, 403),
        ({"org": {"tenant": "nobody"}}, 403),
        ({"roles": []}, 403),
        ({"roles": ["wizard"]}, 403),
    ],
)
def test_a_token_that_lacks_something_does_not(
    guarded: Live, provider: Provider, claims: dict[str, Any], status: int
) -> None:
    assert answer_to(guarded, provider.token(**claims)).status_code == status


def signed_with_the_public_key(provider: Provider) -> str:
    """The classic confusion: HMAC with the key everybody may read."""
    header, payload, _ = provider.token().split(".")
    header = urlsafe_b64encode(b'{"alg":"HS256","kid":"first","typ":"JWT"}').decode().rstrip("=")
    secret = json.dumps(provider.jwks()["keys"][0]).encode()
    signature = hmac.digest(secret, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_forged_tokens_do_not_get_in(guarded: Live, provider: Provider) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    unsigned = urlsafe_b64encode(b'{"alg":"none","kid":"first"}').decode() + "." + provider.token().split(".")[1] + "."
    good = provider.token()
    for token in (
        provider.token(signed_by=stranger),
        signed_with_the_public_key(provider),
        provider.token(algorithm="PS256"),
        provider.token("for secrets"),
        jwt.encode(jwt.decode(good, options={"verify_signature": False}), provider.keys["first"], algorithm="RS256"),
        provider.token(signed_by=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
        unsigned,
        good[:-4] + "AAAA",
        good + "." + good,
    ):
        assert answer_to(guarded, token).status_code == 401


def test_unknown_key_ids_do_not_make_us_ask_the_provider_each_time(guarded: Live, provider: Provider) -> None:
    answer_to(guarded, provider.token())
    asked = provider.asked
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for number in range(20):
        assert answer_to(guarded, provider.token(f"made-up-{number}", signed_by=stranger)).status_code == 401
    assert provider.asked - asked <= 1


def test_a_flood_of_unknown_key_ids_is_one_question_and_holds_nobody_up(provider: Provider) -> None:
    """While the provider is slow to answer, those whose key is known, old as it is, get in."""

    async def scenario() -> None:
        now = 0.0
        async with httpx.AsyncClient() as client:
            keys = SigningKeys(issuer=provider.url, jwks_url=None, client=client, clock=lambda: now)
            await keys.get("first")
            now += 700
            asked = provider.asked
            provider.was_asked.clear()
            provider.may_answer.clear()
            flood = [asyncio.create_task(keys.get(f"made-up-{number}")) for number in range(20)]
            await asyncio.to_thread(provider.was_asked.wait, 10)
            await keys.get("first")
            assert not any(task.done() for task in flood)
            provider.may_answer.set()
            refused = await asyncio.gather(*flood, return_exceptions=True)
        assert {type(one) for one in refused} == {UnauthenticatedError}
        assert provider.asked == asked + 1

    try:
        asyncio.run(scenario())
    finally:
        provider.may_answer.set()


def test_a_rotated_key_is_found_and_a_silent_provider_is_borne_for_a_while(provider: Provider) -> None:
    async def scenario() -> None:
        now = 0.0
        async with httpx.AsyncClient() as client:
            keys = SigningKeys(issuer=provider.url, jwks_url=None, client=client, clock=lambda: now)
            await keys.get("first")
            provider.rotate("second")
            with pytest.raises(UnauthenticatedError):
                await keys.get("second")
            now += 11
            await keys.get("second")
            provider.broken = True
            now += 700
            await keys.get("second")
            now += 3600
            with pytest.raises(IdentityProviderDownError):
                await keys.get("second")
            provider.broken = False
            now += 11
            await keys.get("second")
            with pytest.raises(UnauthenticatedError):
                await keys.get("third")

    try:
        asyncio.run(scenario())
    finally:
        provider.broken = False
