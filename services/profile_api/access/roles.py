"""Which scopes each role holds: the one table of who may see what."""

from enum import StrEnum
from typing import Final

from profile_api.access.errors import AccessError
from profile_api.graph.request import Scope


class Role(StrEnum):
    """What somebody does with customer data; everything a caller may do follows from their roles."""

    FRONT_END = "front_end"  # a shop's own pages: recognises and personalises, never shows who a customer is
    AGENT = "agent"  # a call-centre or store assistant in front of one customer
    ANALYST = "analyst"  # studies the base, never a named person
    ML_ENGINEER = "ml_engineer"  # trains and watches models
    PRIVACY_OFFICER = "privacy_officer"  # answers access and erasure requests
    SERVICE = "service"  # another system: a federation router, a campaign tool


class UnknownRoleError(AccessError):
    """No role has the stated name."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is no role {name!r}; expected one of {', '.join(Role)}")


SCOPES_OF_ROLE: Final[dict[Role, frozenset[Scope]]] = {
    Role.FRONT_END: frozenset({Scope.PROFILE, Scope.JOURNEY, Scope.PREDICTIONS}),
    Role.AGENT: frozenset(
        {Scope.PROFILE, Scope.PII, Scope.JOURNEY, Scope.PREDICTIONS, Scope.SERVICE, Scope.CONSENTS, Scope.WRITE}
    ),
    Role.ANALYST: frozenset({Scope.PROFILE, Scope.JOURNEY, Scope.PREDICTIONS, Scope.BASE_FIGURES, Scope.MODELS}),
    Role.ML_ENGINEER: frozenset({Scope.PROFILE, Scope.JOURNEY, Scope.PREDICTIONS, Scope.BASE_FIGURES, Scope.MODELS}),
    Role.PRIVACY_OFFICER: frozenset(
        {Scope.PROFILE, Scope.PII, Scope.JOURNEY, Scope.SERVICE, Scope.CONSENTS, Scope.WRITE}
    ),
    Role.SERVICE: frozenset(Scope),
}


def scopes_of(roles: frozenset[Role]) -> frozenset[Scope]:
    """Everything that any of the roles may see; no role, no scope."""
    return frozenset().union(*(SCOPES_OF_ROLE[role] for role in roles))


def role_named(name: str) -> Role:
    """The role of that name; raises `UnknownRoleError`."""
    try:
        return Role(name.lower())
    except ValueError:
        raise UnknownRoleError(name=name) from None
