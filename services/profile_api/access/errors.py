"""Why a caller is not let in, as errors the edge turns into an answer."""

from customer.errors import ParcoursError


class AccessError(ParcoursError):
    """Base of every refusal by this package."""


class UnauthenticatedError(AccessError):
    """Nobody known stands behind the request."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not authenticated: {problem}")


class ForbiddenError(AccessError):
    """Somebody known asks for what their roles do not allow."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not allowed: {problem}")


class IdentityProviderDownError(AccessError):
    """The identity provider's signing keys could not be read, so its tokens cannot be checked."""

    def __init__(self, *, url: str, problem: str) -> None:
        super().__init__(f"the identity provider's keys at {url} could not be read ({problem}); try again later")


class UnknownTenantError(AccessError):
    """No tenant has the stated key."""

    def __init__(self, *, key: str) -> None:
        super().__init__(f"there is no tenant {key!r}; import data for it first, or name another with --tenant")


class UnknownKeyError(AccessError):
    """No live API key has the stated public id."""

    def __init__(self, *, public_id: str) -> None:
        super().__init__(f"there is no API key {public_id!r} in force; `parcours keys list` shows those there are")


class DemoCredentialsError(AccessError):
    """Production found API keys made for a demonstration."""

    def __init__(self, *, public_ids: list[str]) -> None:
        super().__init__(
            f"{len(public_ids)} demonstration keys are in force ({', '.join(public_ids[:5])}) and PARCOURS_ENVIRONMENT "
            "is production; revoke them with `parcours keys revoke --demo`"
        )
