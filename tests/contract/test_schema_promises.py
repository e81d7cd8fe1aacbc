"""Clients of the released schema go on working: whatever was taken away was declared, with a reason."""

from pathlib import Path

import pytest
import strawberry
from graphql import GraphQLSchema, build_schema

from profile_api.graph.schema import catalogue
from profile_api.graph.sources import as_text, planned
from tests.contract.schema_promises import accepted_breaks, broken_promises, complaints

RELEASED = Path(__file__).parents[2] / "docs" / "reference" / "released"
BEFORE = """
  type Query { customer(id: ID, first: Int = 10): Customer }
  type Customer { id: ID! name: String! stage: Stage }
  enum Stage { NEW LOYAL }
"""


def schema(text: str) -> GraphQLSchema:
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


def test_clients_of_the_released_schema_go_on_working() -> None:
    released = schema((RELEASED / "schema.graphql").read_text(encoding="utf-8"))
    accepted = accepted_breaks((RELEASED / "accepted_breaks.toml").read_text(encoding="utf-8"))
    assert complaints(broken_promises(released, catalogue().schema), accepted) == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("name: String!", ""),
        ("name: String!", "name: String"),
        ("name: String!", "name: Int!"),
        ("id: ID,", ""),
        ("id: ID,", "id: ID!,"),
        ("first: Int = 10", "first: Int = 20"),
        ("NEW LOYAL", "NEW"),
    ],
)
def test_taking_away_or_changing_breaks_a_promise(was: str, becomes: str) -> None:
    broken = broken_promises(schema(BEFORE), schema(BEFORE.replace(was, becomes)))
    assert broken
    assert "declare it in" in complaints(broken, [])[0]
    assert complaints(broken, broken) == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("name: String!", "name: String! city: String"),
        ("stage: Stage", "stage: Stage!"),
        ("id: ID,", "id: ID, email: String,"),
        ("NEW LOYAL", "NEW LOYAL LAPSING"),
        ("name: String!", 'name: String! @deprecated(reason: "displayName says it")'),
    ],
)
def test_adding_breaks_none(was: str, becomes: str) -> None:
    assert broken_promises(schema(BEFORE), schema(BEFORE.replace(was, becomes))) == []


def test_a_declared_break_that_did_not_happen_is_told() -> None:
    assert "did not happen" in complaints([], ["Customer.name was removed."])[0]


def test_a_break_is_declared_with_its_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        accepted_breaks('[[break]]\nchange = "Customer.name was removed."')
    assert accepted_breaks('[[break]]\nchange = "x"\nreason = "y"') == ["x"]


def test_a_field_can_be_deprecated_where_it_is_declared() -> None:
    @strawberry.type
    class Thing:
        name: str = planned(as_text("{row}.name"), "Its name.", deprecated="use label")

    assert '@deprecated(reason: "use label")' in strawberry.Schema(query=Thing).as_str()
