"""Requests the edge turns away before the engine sees them, each with its status, code and headers."""

from http import HTTPStatus

from customer.errors import ParcoursError
from profile_api.graph.request import ErrorCode
from profile_api.http.fields import written


class Refusal(ParcoursError):
    """A request that is not answered as asked; rendered as a GraphQL error with an HTTP status."""

    def __init__(self, message: str, *, status: HTTPStatus, code: ErrorCode, fields: bytes = b"") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.fields = fields


class MalformedRequestError(Refusal):
    """The body or the URL does not hold a GraphQL request."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, status=HTTPStatus.BAD_REQUEST, code=ErrorCode.BAD_REQUEST)


class UnauthorizedError(Refusal):
    """No bearer token, or none that is known."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            problem,
            status=HTTPStatus.UNAUTHORIZED,
            code=ErrorCode.UNAUTHENTICATED,
            fields=b'www-authenticate: Bearer realm="parcours"\r\n',
        )


class NotAllowedError(Refusal):
    """A known caller asks for what their roles do not allow."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, status=HTTPStatus.FORBIDDEN, code=ErrorCode.FORBIDDEN)


class MethodNotAllowedError(Refusal):
    """The method does not fit the resource, or GET was to change something."""

    def __init__(self, problem: str, *, allow: str) -> None:
        super().__init__(
            problem,
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            code=ErrorCode.BAD_OPERATION,
            fields=written((b"allow", allow.encode())),
        )


class NotAcceptableError(Refusal):
    """The client accepts no media type we can answer in."""

    def __init__(self) -> None:
        super().__init__(
            "none of the accepted media types can be given; accept application/graphql-response+json, application/json "
            "or text/event-stream",
            status=HTTPStatus.NOT_ACCEPTABLE,
            code=ErrorCode.BAD_REQUEST,
        )


class UnsupportedMediaTypeError(Refusal):
    """The body is of a type or an encoding we do not read; keeps browsers' simple requests (CSRF) out, too."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, code=ErrorCode.BAD_REQUEST)


class TooLargeError(Refusal):
    """The body is larger than the limit, as sent or once decompressed."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the request body is larger than {limit} bytes",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            code=ErrorCode.LIMIT_EXCEEDED,
        )


class HeadTooLargeError(Refusal):
    """The request line and the headers are larger than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the request's head is larger than {limit} bytes",
            status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            code=ErrorCode.LIMIT_EXCEEDED,
        )


class TooSlowError(Refusal):
    """The request did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the request did not arrive within {seconds:g} s",
            status=HTTPStatus.REQUEST_TIMEOUT,
            code=ErrorCode.DEADLINE_EXCEEDED,
            fields=b"connection: close\r\n",
        )


class RateLimitedError(Refusal):
    """The caller has used up what they may ask for now."""

    def __init__(self, *, retry_after_s: int, fields: bytes = b"") -> None:
        super().__init__(
            f"too many or too costly requests; try again in {retry_after_s} s",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            code=ErrorCode.RATE_LIMITED,
            fields=b"retry-after: %d\r\n%b" % (retry_after_s, fields),
        )


class OverloadedError(Refusal):
    """The process already answers as much as it can hold."""

    def __init__(self) -> None:
        super().__init__(
            "the service is busy; try again shortly",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            code=ErrorCode.OVERLOADED,
            fields=b"retry-after: 1\r\n",
        )


class InternalError(Refusal):
    """Something broke that nobody foresaw; the log has the traceback beside the request id."""

    def __init__(self) -> None:
        super().__init__(
            "the request could not be answered; the x-request-id header names it in our logs",
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            code=ErrorCode.INTERNAL,
        )
