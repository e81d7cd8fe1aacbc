"""The signing keys (JWKS) of the identity provider: fetched with a deadline, kept a while, renewed for a new key id."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx
import jwt

from profile_api.access.errors import IdentityProviderDownError, UnauthenticatedError

_TIMEOUT: Final = httpx.Timeout(3.0)
_LARGEST_DOCUMENT: Final = 512 * 1024
_MOST_KEYS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFreshness:
    """How long keys are good, how seldom they are asked for again, and how long they outlive a silent provider."""

    lifetime_s: float = 600.0
    shortest_pause_s: float = 10.0
    grace_s: float = 3600.0


class SigningKeys:
    """Keys by id. Unknown ids (a rotation, or a forgery) cause at most one request per `shortest_pause_s`."""

    def __init__(
        self,
        *,
        issuer: str,
        jwks_url: str | None,
        client: httpx.AsyncClient,
        freshness: KeyFreshness | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._client = client
        self._freshness = freshness or KeyFreshness()
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._problem = ""
        self._lock = anyio.Lock()

    async def get(self, key_id: str) -> jwt.PyJWK:
        """The key of that id; raises `UnauthenticatedError` when the provider has none, `IdentityProviderDownError`
        when it cannot be asked and no key it gave earlier may still be used."""
        age = self._clock() - self._fetched_at
        is_known = key_id in self._keys
        if not is_known or (age > self._freshness.lifetime_s and not self._lock.locked()):
            await self._renew()  # of many with a key that has grown old one waits; the key is good meanwhile
        if self._clock() - self._fetched_at > self._freshness.lifetime_s + self._freshness.grace_s:
            raise IdentityProviderDownError(url=self._jwks_url or self._issuer, problem=self._problem)
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnauthenticatedError("the token is signed with a key its issuer does not publish") from None

    async def _renew(self) -> None:
        async with self._lock:
            if self._clock() - self._tried_at < self._freshness.shortest_pause_s:
                return
            self._tried_at = self._clock()
            try:
                self._keys = await self._fetch()
                self._fetched_at = self._clock()
            except (httpx.HTTPError, jwt.PyJWTError, TimeoutError, ValueError, KeyError) as error:
                self._problem = type(error).__name__

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        if self._jwks_url is None:
            discovery = await self._read(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            self._jwks_url = str(discovery["jwks_uri"])
        keys = jwt.PyJWKSet.from_dict(await self._read(self._jwks_url)).keys
        return {
            key.key_id: key
            for key in keys[:_MOST_KEYS]
            if key.key_id is not None and key.public_key_use in ("sig", None)
        }

    async def _read(self, url: str) -> dict[str, Any]:
        with anyio.fail_after(_TIMEOUT.read):
            async with self._client.stream("GET", url, timeout=_TIMEOUT) as response:
                response.raise_for_status()
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_DOCUMENT:
                        raise ValueError("the document is too large")
        document = httpx.Response(200, content=bytes(body)).json()
        if not isinstance(document, dict):
            raise ValueError("the document is not a JSON object")
        return document
