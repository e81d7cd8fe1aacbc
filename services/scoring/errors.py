"""What can go wrong between a scoring request and its answer, each with its HTTP status and a stable code."""

from typing import ClassVar

from customer.errors import ParcoursError


class ScoringError(ParcoursError):
    """A request or a model version that cannot be served; `code` is stable, the message is for people."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST"
    retry_after_s: ClassVar[int | None] = None


class UnreadableBodyError(ScoringError):
    """The body is not the JSON that the endpoint's contract describes."""

    code = "UNREADABLE_BODY"


class UnsupportedMediaTypeError(ScoringError):
    """The body's content type or encoding is not one the endpoint reads."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class ColumnsError(ScoringError):
    """The columns of a request are not those the models were trained on."""

    code = "WRONG_COLUMNS"

    def __init__(self, *, missing: list[str], unknown: list[str], repeated: list[str]) -> None:
        found = [
            f"{what} {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}"
            for what, names in (("missing", missing), ("unknown", unknown), ("repeated", repeated))
            if names
        ]
        super().__init__(f"the columns are not those of the feature set: {'; '.join(found)}")


class RowsError(ScoringError):
    """A row cannot be read as a feature vector."""

    code = "WRONG_ROWS"


class TooManyRowsError(ScoringError):
    """More rows in one request than the service accepts."""

    status = 413
    code = "TOO_MANY_ROWS"

    def __init__(self, *, found: int, limit: int) -> None:
        super().__init__(f"{found} rows in one request, at most {limit} are accepted; send them in batches")


class BodyTooLargeError(ScoringError):
    """A body larger than the service reads."""

    status = 413
    code = "BODY_TOO_LARGE"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"the body has more than {limit} bytes; send the rows in batches")


class ForeignFeatureSetError(ScoringError):
    """The caller computes other features than the loaded models were trained on."""

    status = 409
    code = "FOREIGN_FEATURE_SET"

    def __init__(self, *, found: str, expected: str) -> None:
        super().__init__(
            f"the request carries feature set {found!r}, the loaded models were trained on {expected!r}; "
            "deploy the caller and the models from the same feature definitions"
        )


class UnknownModelError(ScoringError):
    """A model or version that is not loaded here."""

    status = 404
    code = "UNKNOWN_MODEL"


class NoModelsLoadedError(ScoringError):
    """No model set could be loaded yet."""

    status = 503
    code = "NO_MODELS"
    retry_after_s = 5

    def __init__(self, *, why: str | None) -> None:
        super().__init__(f"no models are loaded: {why or 'still starting'}")


class OverloadedError(ScoringError):
    """As many requests as the service accepts are already waiting."""

    status = 503
    code = "OVERLOADED"
    retry_after_s = 1

    def __init__(self, *, waiting: int) -> None:
        super().__init__(f"{waiting} requests are already waiting; try again shortly")


class ModelRepositoryError(ScoringError):
    """The place where model versions are kept cannot answer, or holds no usable version."""

    status = 503
    code = "MODEL_REPOSITORY"


class ModelSetRefusedError(ScoringError):
    """A model set was found but must not serve: damaged, foreign, or not reproducing its own predictions."""

    status = 503
    code = "MODEL_SET_REFUSED"
