"""How identifiers are spelled, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.errors import InvalidIdentityError
from customer.identity import DEFAULT_LIMIT, PRIORITY, is_blocked, limit_of, normalise
from customer.message import message_key
from customer.vocabulary import IdentityType


@pytest.mark.parametrize(
    ("identity_type", "written", "kept"),
    [
        (IdentityType.EMAIL, "  Jo.Doe@Example.COM ", "jo.doe@example.com"),
        (IdentityType.EMAIL, "mailto:jo@b.fr", "jo@b.fr"),
        (IdentityType.PHONE, "+33 6 12-34.56 78", "+33612345678"),
        (IdentityType.PHONE, "0033612345678", "+33612345678"),
        (IdentityType.USER_ID, " Ab-1 ", "Ab-1"),
        (IdentityType.LOYALTY_CARD, "6035 0001", "6035 0001"),
    ],
)
def test_a_value_has_one_spelling(identity_type: IdentityType, written: str, kept: str) -> None:
    assert normalise(identity_type, written) == kept
    assert normalise(identity_type, kept) == kept


@pytest.mark.parametrize("value", ["", "  ", "0000", "-1", "null", "Anonymous", "undefined", "---", "[object Object]"])
def test_a_placeholder_identifies_nobody(value: str) -> None:
    assert is_blocked(value)
    with pytest.raises(InvalidIdentityError):
        normalise(IdentityType.USER_ID, value)


@pytest.mark.parametrize(
    ("identity_type", "value"),
    [
        (IdentityType.EMAIL, "jo"),
        (IdentityType.EMAIL, "jo@b"),
        (IdentityType.EMAIL, "jo@@b.fr"),
        (IdentityType.EMAIL, "noreply@b.fr"),
        (IdentityType.PHONE, "0612345678"),
        (IdentityType.PHONE, "+441"),
        (IdentityType.USER_ID, "x" * 256),
        (IdentityType.USER_ID, "a\0b"),
    ],
)
def test_what_cannot_be_an_identifier_is_refused_without_repeating_it(identity_type: IdentityType, value: str) -> None:
    with pytest.raises(InvalidIdentityError) as refused:
        normalise(identity_type, value)
    assert value not in str(refused.value)


@given(st.emails())
def test_normalising_an_address_twice_changes_nothing_more(address: str) -> None:
    try:
        once = normalise(IdentityType.EMAIL, address)
    except InvalidIdentityError:
        return
    assert normalise(IdentityType.EMAIL, once) == once


def test_every_type_has_a_rank_and_a_limit() -> None:
    assert set(PRIORITY) == set(IdentityType)
    assert limit_of(IdentityType.USER_ID).count == 1
    assert limit_of(IdentityType.DEVICE_ID) == DEFAULT_LIMIT


def test_the_key_of_a_message_depends_on_the_tenant() -> None:
    assert message_key(1, "m") == message_key(1, "m")
    assert len({message_key(1, "m"), message_key(2, "m"), message_key(1, "n")}) == 3
