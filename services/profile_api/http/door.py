"""Who is at the door: the bearer token of a request or a WebSocket, and how often strangers may try."""

import asyncio
from collections.abc import Iterable, Mapping

from starlette.types import Scope

from profile_api.access.allowance import Allowance
from profile_api.access.api_keys import looks_like_api_key, token_hash
from profile_api.access.authentication import Authenticator
from profile_api.access.errors import ForbiddenError, IdentityProviderDownError, UnauthenticatedError
from profile_api.access.turned_away import Reason, TurnedAway
from profile_api.graph.request import Caller
from profile_api.http.operations import Clock
from profile_api.http.refusal import NotAllowedError, OverloadedError, RateLimitedError, UnauthorizedError
from profile_api.store.database import FAILURES

RequestHeaders = Mapping[str, str]


def headers_of(headers: Iterable[tuple[bytes, bytes]]) -> RequestHeaders:
    """The headers by lower-case name, the last of each; read once, for looking each up walks through all of them."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


class Door:
    """Lets callers in. Nobody comes in without a token: there is no anonymous role."""

    def __init__(self, authenticator: Authenticator, *, failed_logins: Allowance[str], clock: Clock) -> None:
        self._authenticator = authenticator
        self._failed_logins = failed_logins
        self._clock = clock
        self.recall = authenticator.recall
        self.turned_away = TurnedAway()

    async def caller_of(self, headers: RequestHeaders, scope: Scope) -> Caller:
        """The caller of an HTTP request; raises `UnauthorizedError`, `NotAllowedError`, `RateLimitedError`."""
        token = bearer_token(headers.get("authorization", ""))
        if token is None:
            self.turned_away.note(Reason.NO_TOKEN, _address(scope))
            raise UnauthorizedError("send an API key or an identity provider's token: Authorization: Bearer <token>")
        return self.recall(token_hash(token)) or await self.caller_with(token, scope)

    async def caller_with(self, token: str, scope: Scope) -> Caller:
        """The caller behind a token, wherever it was sent."""
        address = _address(scope)
        if not self._failed_logins.left(address):
            self.turned_away.note(Reason.TOO_MANY, address)
            raise RateLimitedError(retry_after_s=self._failed_logins.wait_s(address, 1))
        try:
            return await self._authenticator.authenticate(token, now=self._clock())
        except UnauthenticatedError as refused:
            self._failed_logins.take(address, 1)
            self.turned_away.note(Reason.UNKNOWN_KEY if looks_like_api_key(token) else Reason.BAD_TOKEN, address)
            raise UnauthorizedError(str(refused)) from refused
        except ForbiddenError as refused:
            self.turned_away.note(Reason.NOT_ALLOWED, address)
            raise NotAllowedError(str(refused)) from refused
        except (IdentityProviderDownError, *FAILURES) as down:
            raise OverloadedError from down

    async def dismissed(self, token: str, scope: Scope, *, every_s: float) -> None:
        """Returns once the token is no longer good; until then checks it every `every_s` seconds.

        While the check itself fails (database or identity provider down), those inside stay.
        """
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.caller_with(token, scope)
            except (UnauthorizedError, NotAllowedError):
                return
            except (OverloadedError, RateLimitedError):
                continue


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("unknown",))[0])


def bearer_token(authorization: str) -> str | None:
    """The token of an Authorization header, or None when it carries none."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None
