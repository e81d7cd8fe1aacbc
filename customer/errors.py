"""The root of every error that Parcours raises on purpose."""


class ParcoursError(Exception):
    """A situation a caller may handle; its message says what was found, what was expected, and what to do."""


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
