"""Which media type an answer takes, from the Accept header (RFC 9110 §12.5.1, GraphQL over HTTP)."""

from enum import StrEnum
from functools import lru_cache

from profile_api.http.refusal import NotAcceptableError, UnsupportedMediaTypeError


class MediaType(StrEnum):
    """The forms an answer can take."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    HTML = "text/html"


# In the order we prefer when the client does not mind. A client that only says */* may be from before
# application/graphql-response+json existed, so it gets plain JSON.
_OFFERED = (MediaType.JSON, MediaType.GRAPHQL, MediaType.EVENTS, MediaType.HTML)


@lru_cache(maxsize=512)
def acceptable(accept: str) -> tuple[MediaType, ...]:
    """What the client accepts of what we offer, best first; raises `NotAcceptableError` when nothing fits.

    The charset parameter is ignored: answers are UTF-8, which every JSON client reads.
    """
    ranges = [_media_range(part, position) for position, part in enumerate(accept[:2000].split(",")) if part.strip()]
    if not ranges:
        return (MediaType.JSON,)
    ranked = []
    for offered_position, media_type in enumerate(_OFFERED):
        fitting = [r for r in ranges if _fits(r[0], media_type)]
        if fitting:
            specificity, quality, position = max((_specificity(name), q, -p) for name, q, p in fitting)
            if quality > 0:
                ranked.append((-quality, -specificity, -position, offered_position, media_type))
    if not ranked:
        raise NotAcceptableError
    return tuple(entry[-1] for entry in sorted(ranked))


@lru_cache(maxsize=512)
def acceptable_json(accept: str) -> MediaType:
    """The JSON type the client likes better; raises `NotAcceptableError` when it accepts nothing we offer.

    Errors that come before any stream are JSON even for those who wait for events or HTML.
    """
    return next((kind for kind in acceptable(accept) if kind in (MediaType.GRAPHQL, MediaType.JSON)), MediaType.JSON)


@lru_cache(maxsize=512)
def check_content_type(content_type: str) -> None:
    """Only JSON in UTF-8 is read; whatever a browser may send across sites without asking (forms, text) is refused."""
    name, _, parameters = content_type[:500].lower().partition(";")
    if name.strip() != "application/json":
        found = repr(name.strip()) if name.strip() else "none"
        raise UnsupportedMediaTypeError(f"the content type must be application/json, found {found}")
    for parameter in parameters.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key == "charset" and value.strip('" ') not in ("utf-8", "utf8"):
            raise UnsupportedMediaTypeError(f"the charset must be utf-8, found {value!r}")


def _media_range(part: str, position: int) -> tuple[str, float, int]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return name, quality, position


def _fits(media_range: str, media_type: MediaType) -> bool:
    return media_range in (media_type.value, "*/*", media_type.value.partition("/")[0] + "/*")


def _specificity(media_range: str) -> int:
    return 2 - media_range.count("*")
