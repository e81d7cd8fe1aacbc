"""The root of every error that Parcours raises on purpose, and those that every part of it may raise."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class ParcoursError(Exception):
    """A situation a caller may handle; its message says what was found, what was expected, and what to do."""


class SettingsError(ParcoursError):
    """The environment holds values that cannot be used; all of them are named at once."""

    def __init__(self, problems: Iterable[Mapping[str, Any]], *, prefix: str) -> None:
        """`problems` as pydantic lists them, by field; `prefix` is what the variables' names begin with."""
        told = "; ".join(_told(prefix, one["loc"], one["msg"]) for one in problems)
        super().__init__(f"unusable settings in the environment: {told}; correct or unset them")


def _told(prefix: str, field: Sequence[str | int], problem: str) -> str:
    if not field:
        return problem  # of several settings together
    name = str(field[0])
    return f"{name if name.isupper() else prefix + name.upper()}: {problem}"


class DatabaseUnreachableError(ParcoursError, ConnectionError):
    """Nobody answers where DATABASE_URL points to."""

    def __init__(self, *, place: str, problem: str) -> None:
        super().__init__(
            f"the database at {place} cannot be reached ({problem}); check DATABASE_URL, and that the server runs"
        )


class CustomerError(ParcoursError):
    """A rule of the shared domain was broken."""


class InvalidIdentityError(CustomerError):
    """A value cannot be an identifier of the stated type."""

    def __init__(self, *, identity_type: str, problem: str) -> None:
        super().__init__(f"not a usable {identity_type} identifier: {problem}")


class FeatureSetMismatchError(CustomerError):
    """A model was trained on other features than this process computes."""

    def __init__(self, *, expected: str, found: str, model: str) -> None:
        super().__init__(
            f"model {model!r} was trained on feature set {found}, but this process computes {expected}; "
            "retrain it or roll back"
        )
