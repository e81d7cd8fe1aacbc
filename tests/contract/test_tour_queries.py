"""The tour's questions are questions the schema can answer."""

from pathlib import Path

import pytest
from graphql import parse, validate

import demo.tour
from profile_api.graph.schema import catalogue

QUERIES = sorted(Path(demo.tour.__file__).parent.glob("*.graphql"))


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: str(file.stem))
def test_a_query_of_the_tour_is_valid_against_the_schema(file: Path) -> None:
    assert validate(catalogue().schema, parse(file.read_text())) == []
