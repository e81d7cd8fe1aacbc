"""Documents are measured as if their fragments were spread, in one pass."""

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from profile_api.graph.errors import InvalidOperationError
from profile_api.graph.limits import DocumentLimits, check_document_limits


def refused(document: str, **limits: int) -> bool:
    try:
        check_document_limits(parse(document), DocumentLimits(**limits))
    except InvalidOperationError:
        return True
    return False


def test_a_refusal_says_which_limit_and_carries_its_code() -> None:
    with pytest.raises(InvalidOperationError, match="more than 1 levels") as refusal:
        check_document_limits(parse("{ a { b } }"), DocumentLimits(depth=1))
    assert refusal.value.code == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("document", "limit", "size"),
    [
        ("{ a { b { c } } }", "depth", 3),
        ("{ ...A } fragment A on Q { a { ...B } } fragment B on Q { b }", "depth", 2),
        ("{ a b c }", "fields", 3),
        ("{ ...A ...A } fragment A on Q { a b }", "fields", 4),
        ("{ x: a y: ...on Q { b } }".replace("y: ...", "..."), "aliases", 1),
        ("{ ...A ...A } fragment A on Q { x: a y: b }", "aliases", 4),
        ("{ a @x @y b @z } ", "directives", 3),
        ("{ ...A @x ... on Q @y { a @z } } fragment A on Q { b @w }", "directives", 4),
        ("{ a @x @y @z }", "directives_in_one_place", 3),
        ("{ ...A } fragment A on Q { a } fragment B on Q { b }", "fragments", 2),
        ("query A { a } query B { b }", "operations", 2),
    ],
)
def test_each_limit_lets_its_own_size_through_and_not_one_more(document: str, limit: str, size: int) -> None:
    assert not refused(document, **{limit: size})
    assert refused(document, **{limit: size - 1})


@given(st.integers(min_value=1, max_value=190))
def test_doubling_fragments_are_counted_without_being_walked(levels: int) -> None:
    """The number of fields doubles with each level; counting them must not."""
    spreads = "".join(f"fragment F{n} on Q {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    document = f"{{ ...F0 }} {spreads} fragment F{levels} on Q {{ a }}"
    assert refused(document) == (2**levels > DocumentLimits().fields)


def test_cycles_and_unknown_fragments_are_left_to_validation() -> None:
    assert not refused("{ ...A } fragment A on Q { ...B a } fragment B on Q { ...A }")
    assert not refused("{ ...Nowhere }")
