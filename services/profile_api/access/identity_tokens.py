"""Tokens of an identity provider (OIDC, JWT): how one is checked and which claims say tenant and roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from profile_api.access.errors import ForbiddenError, UnauthenticatedError
from profile_api.access.roles import Role
from profile_api.access.signing_keys import SigningKeys

# Public-key algorithms only: with a shared secret in the list, a public key could be used to forge tokens.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_LEEWAY: Final = timedelta(seconds=30)
_LONGEST_TOKEN: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Where a provider puts what we need; dots go into nested claims (`realm_access.roles`)."""

    tenant: str = "tenant"
    roles: str = "roles"
    role_of_claim: Mapping[str, str] = field(default_factory=dict)  # their role name -> ours; unnamed ones as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClaims:
    """What a checked token says, not yet looked up in our tenants."""

    subject: str
    tenant_key: str
    roles: frozenset[Role]
    expires_at: datetime


class IdentityTokens:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, *, issuer: str, audience: str, keys: SigningKeys, claims: ClaimNames) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._claims = claims

    async def check(self, token: str) -> IdentityClaims:
        """What the token says; raises `UnauthenticatedError` when it is not good, `ForbiddenError` without a role."""
        if len(token) > _LONGEST_TOKEN:
            raise UnauthenticatedError("the token is too long")
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if not isinstance(key_id, str):
                raise UnauthenticatedError("the token names no signing key (kid)")
            key = await self._keys.get(key_id)
            payload = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"the token is not valid ({type(error).__name__})") from error
        return self._claims_of(payload)

    def _claims_of(self, payload: dict[str, Any]) -> IdentityClaims:
        tenant = _nested(payload, self._claims.tenant)
        if not isinstance(tenant, str):
            raise ForbiddenError(f"the token's claim {self._claims.tenant!r} names no tenant")
        named = _nested(payload, self._claims.roles)
        names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        theirs = {self._claims.role_of_claim.get(name, name) for name in names if isinstance(name, str)}
        roles = frozenset(role for role in Role if role.value in theirs)
        if not roles:
            raise ForbiddenError(f"the token's claim {self._claims.roles!r} names none of {', '.join(Role)}")
        return IdentityClaims(
            subject=f"user:{payload['sub']}",
            tenant_key=tenant,
            roles=roles,
            expires_at=datetime.fromtimestamp(float(payload["exp"]), tz=UTC),
        )


def _nested(payload: Mapping[str, Any], path: str) -> object:
    value: object = payload
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
