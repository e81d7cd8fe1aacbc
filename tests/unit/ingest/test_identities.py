"""Phone numbers as people write them, and many identifiers at once."""

import duckdb
import pytest

from customer.errors import InvalidIdentityError
from customer.vocabulary import IdentityType
from profile_api.ingest.identities import spell_all, spelled


@pytest.mark.parametrize(
    ("written", "region", "kept"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("(212) 555-0123", "us", "+12125550123"),
        ("+44 20 7946 0958", "FR", "+442079460958"),
    ],
)
def test_a_phone_number_has_one_spelling(written: str, region: str | None, kept: str) -> None:
    assert spelled(IdentityType.PHONE, written, region=region) == kept


@pytest.mark.parametrize(
    ("written", "region"), [("06 12 34 56 78", None), ("12", "FR"), ("call me", "FR"), ("0000", "FR")]
)
def test_what_is_no_phone_number_is_refused(written: str, region: str | None) -> None:
    with pytest.raises(InvalidIdentityError):
        spelled(IdentityType.PHONE, written, region=region)


def test_many_identifiers_are_spelled_at_once_and_problems_named() -> None:
    with duckdb.connect() as duck:
        values = "('EMAIL', 'A@B.fr'), ('EMAIL', 'a'), ('PHONE', '0612345678'), ('USER_ID', null)"
        query = f"select * from (values {values}) as written (type, raw)"
        spell_all(duck, query=query, table="spelling", region="FR")
        found = duck.execute("select type, raw, value, problem is null from spelling order by all").fetchall()
    assert found == [
        ("EMAIL", "A@B.fr", "a@b.fr", True),
        ("EMAIL", "a", None, False),
        ("PHONE", "0612345678", "+33612345678", True),
    ]
