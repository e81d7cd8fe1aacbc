"""The cost of an operation is an upper bound on the rows it may return."""

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from profile_api.graph.cost import cost_of


def cost(query: str, **values: int | None) -> int:
    document = parse(query)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return cost_of(operation, fragments).rows(values)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ a }", 1),
        ("{ a { b c } }", 3),
        ("{ a(first: 10) { b } }", 11),
        ("{ a(first: 10) { b(last: 5) { c } } }", 1 + 10 * (1 + 5)),
        ("{ a { edges { node { b } } } }", 1 + 20 * 3),
        ("{ ...F ...F } fragment F on X { a(first: 3) { b } }", 8),
    ],
)
def test_pages_multiply_what_is_inside(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_a_variable_sets_the_size_of_a_page() -> None:
    query = "query ($n: Int) { a(first: $n) { b } }"
    assert cost(query, n=7) == 8
    assert cost(query, n=None) == 21
    assert cost(query, n=-4) == 1


def test_fragments_that_double_are_added_up_in_linear_time() -> None:
    doubling = " ".join(f"fragment F{n} on X {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    assert cost(f"{{ ...F0 }} {doubling} fragment F60 on X {{ a }}") == 2**60
