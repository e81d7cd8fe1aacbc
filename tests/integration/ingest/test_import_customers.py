"""Person records in the database: source records as received, identities that find each other, a golden record."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from customer.order_file.errors import EmptyFileError, MappingError, MissingColumnError
from profile_api.ingest.orders import import_orders
from profile_api.ingest.people import import_customers
from tests.integration.ingest.reading import one, rows
from tests.unit.customer.order_files import order, write_csv

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_a_record_becomes_identities_traits_and_a_golden_record(database_url: str, tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "people.csv",
        [
            {
                "customer_id": "c1",
                "email": "Jo@B.fr",
                "phone": "06 12 34 56 78",
                "given_name": "Jo",
                "city": "",
                "vip": "yes",
            }
        ],
    )
    summary = import_customers(database_url, file, now=NOW, region="FR")
    assert (summary.customers_inserted, summary.records_inserted, summary.identities_inserted) == (1, 1, 2)
    assert rows(database_url, "select type, value from identity order by type") == [
        ("EMAIL", "jo@b.fr"),
        ("PHONE", "+33612345678"),
        ("USER_ID", "c1"),
    ]
    [(given_name, city, traits)] = rows(database_url, "select given_name, city, traits from customer")
    assert (given_name, city) == ("Jo", None)
    assert [(trait["name"], trait["value"], trait["source"]) for trait in traits] == [
        ("given_name", "Jo", "customers"),
        ("vip", "yes", "customers"),
    ]


def test_importing_the_same_records_again_writes_nothing(database_url: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "people.csv", [{"customer_id": "c1", "email": "jo@b.fr", "given_name": "Jo"}])
    import_customers(database_url, file, now=NOW)
    again = import_customers(database_url, file, now=NOW)
    assert (again.records_inserted, again.records_changed, again.identities_inserted, again.customers_touched) == (
        0,
    ) * 4


def test_records_of_several_sources_that_share_an_identity_are_one_person(database_url: str, tmp_path: Path) -> None:
    shop = [{"customer_id": "c1", "email": "jo@b.fr", "given_name": "Jo"}]
    till = [{"loyalty_card": "card-7", "email": "JO@b.fr", "city": "Lyon"}]
    import_customers(database_url, write_csv(tmp_path / "shop.csv", shop), now=NOW, source="shop")
    import_customers(database_url, write_csv(tmp_path / "till.csv", till), now=NOW, source="till")
    assert one(database_url, "select count(*) from customer") == 1
    assert rows(database_url, "select given_name, city from customer") == [("Jo", "Lyon")]


def test_two_accounts_that_share_an_address_stay_two_people(database_url: str, tmp_path: Path) -> None:
    family = [{"customer_id": "c1", "email": "home@b.fr"}, {"customer_id": "c2", "email": "home@b.fr"}]
    import_customers(database_url, write_csv(tmp_path / "family.csv", family), now=NOW)
    import_customers(
        database_url, write_csv(tmp_path / "later.csv", [{"customer_id": "c3", "email": "home@b.fr"}]), now=NOW
    )
    assert one(database_url, "select count(*) from customer") == 3
    assert one(database_url, "select count(*) from identity where type = 'EMAIL'") == 1


def test_the_most_trusted_source_wins_then_the_latest_observation(database_url: str, tmp_path: Path) -> None:
    def record(day: str, **traits: str) -> list[dict[str, object]]:
        return [{"email": "jo@b.fr", "observed_at": day, **traits}]

    for source, day, city in (
        ("crm", "2026-01-01", "Nice"),
        ("shop", "2026-03-01", "Lyon"),
        ("app", "2026-04-01", "Metz"),
    ):
        file = write_csv(tmp_path / f"{source}.csv", record(day, city=city))
        import_customers(database_url, file, now=NOW, source=source, source_trust=["crm"])
    assert one(database_url, "select city from customer") == "Nice"
    import_customers(
        database_url, write_csv(tmp_path / "x.csv", record("2026-05-01", city="Brest")), now=NOW, source="simulated"
    )
    assert one(database_url, "select city from customer") == "Metz"


def test_an_older_record_of_a_source_does_not_replace_a_newer_one(database_url: str, tmp_path: Path) -> None:
    for day, city in (("2026-03-01", "Lyon"), ("2026-01-01", "Nice"), ("2026-04-01", "Metz"), ("2026-03-15", "Caen")):
        file = write_csv(tmp_path / "p.csv", [{"email": "jo@b.fr", "observed_at": day, "city": city}])
        import_customers(database_url, file, now=NOW)
    assert one(database_url, "select city from customer") == "Metz"


def test_records_meet_the_customers_of_orders(database_url: str, tmp_path: Path) -> None:
    import_orders(database_url, write_csv(tmp_path / "o.csv", [order("o1", "2026-01-05", customer="c1")]), now=NOW)
    people = write_csv(tmp_path / "p.csv", [{"customer_id": "c1", "email": "jo@b.fr"}])
    summary = import_customers(database_url, people, now=NOW)
    assert (summary.customers_inserted, summary.identities_inserted) == (0, 1)


def test_rows_without_a_usable_identity_and_identities_left_out_are_listed_without_naming_anybody(
    database_url: str, tmp_path: Path
) -> None:
    people = [
        {"customer_id": "null", "email": "nobody", "observed_at": ""},
        {"customer_id": "c2", "email": "somebody@", "observed_at": ""},
        {"customer_id": "c3", "email": "jo@b.fr", "observed_at": "2027-01-01"},
    ]
    summary = import_customers(database_url, write_csv(tmp_path / "p.csv", people), now=NOW)
    assert (summary.rejected, summary.customers_inserted) == (2, 1)
    assert summary.rejects_file is not None
    listed = Path(summary.rejects_file).read_text()
    assert listed.splitlines()[1:] == [
        "1,no usable identity",
        "2,kept without its EMAIL: not a usable EMAIL identifier: it is not of the form name@domain.tld",
        "3,observed_at is not a date in the past",
    ]
    assert "somebody" not in listed


def test_a_person_file_needs_an_identity_and_rows(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError, match="customer_id"):
        import_customers(database_url, write_csv(tmp_path / "a.csv", [{"name": "Jo"}]), now=NOW)
    file = write_csv(tmp_path / "b.csv", [{"email": "jo@b.fr"}])
    with pytest.raises(MappingError, match="no column 'mail'"):
        import_customers(database_url, file, now=NOW, mapping={"mail": "email"})
    (tmp_path / "c.csv").write_text("email\n")
    with pytest.raises(EmptyFileError):
        import_customers(database_url, tmp_path / "c.csv", now=NOW)
