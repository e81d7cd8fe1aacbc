"""Accept and Content-Type headers, as clients and browsers send them."""

import pytest

from profile_api.http.negotiation import MediaType, acceptable, check_content_type
from profile_api.http.refusal import NotAcceptableError, UnsupportedMediaTypeError


@pytest.mark.parametrize(
    ("accept", "first"),
    [
        ("", MediaType.JSON),
        ("*/*", MediaType.JSON),
        ("application/*", MediaType.JSON),
        ("application/graphql-response+json; charset=utf-8", MediaType.GRAPHQL),
        ("application/json;q=0.5, application/graphql-response+json;q=0.6", MediaType.GRAPHQL),
        ("application/graphql-response+json;q=0, */*", MediaType.JSON),
        ("text/event-stream, multipart/mixed", MediaType.EVENTS),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", MediaType.HTML),
        ("APPLICATION/JSON", MediaType.JSON),
        ("application/json;q=nonsense, text/event-stream", MediaType.EVENTS),
    ],
)
def test_the_best_of_what_is_accepted_is_chosen(accept: str, first: MediaType) -> None:
    assert acceptable(accept)[0] is first


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "nonsense", "text/plain, application/xml"])
def test_nothing_acceptable_is_said_so(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        acceptable(accept)


@pytest.mark.parametrize(
    "name", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf8"']
)
def test_json_in_utf_8_is_read(name: str) -> None:
    check_content_type(name)


@pytest.mark.parametrize(
    "name",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp",
     "application/json; charset=latin-1", "text/plain; application/json", "application/graphql"],
)  # fmt: skip
def test_what_browsers_send_across_sites_and_other_charsets_are_not(name: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        check_content_type(name)
