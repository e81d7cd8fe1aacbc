"""Documents that differ only in their literals share one plan, and say the same as if each were read by itself."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_api.graph.documents import Documents, Found
from profile_api.graph.literals import find_skeleton
from profile_api.graph.request import Caller, GraphError, GraphQLRequest, Scope
from profile_api.graph.schema import catalogue

pytestmark = pytest.mark.anyio
CALLER = Caller(tenant_id=7, subject="test", scopes=frozenset(Scope))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def documents() -> AsyncIterator[Documents]:
    made = Documents(catalogue())
    yield made
    made.close()


async def bound(documents: Documents, query: str, **variables: Any) -> tuple[Found, tuple[Any, ...]]:
    found = await documents.get(GraphQLRequest(query=query, variables=variables), CALLER)
    values = found.coerce(variables)
    plan = await documents.plan(found.document, values)
    return found, plan.bind(values, CALLER, NOW)


async def test_texts_that_differ_in_their_literals_share_a_document(documents: Documents) -> None:
    query = '{ customer(id: "%s") { orders(first: %d) { edges { node { number } } } } }'
    one, first = await bound(documents, query % ("cus_1", 3))
    two, second = await bound(documents, query % ("cus_22", 5))
    assert one.document is two.document
    assert first == (7, NOW, 1, 3)
    assert second == (7, NOW, 22, 5)


async def test_literals_and_variables_mix(documents: Documents) -> None:
    query = (
        'query ($n: Int = 4) { customers(first: $n, filter: { netRevenue: { min: "%s" }, orderCount: { max: %d } })'
        " { edges { cursor } } }"
    )
    one, first = await bound(documents, query % ("10.5", 9))
    two, second = await bound(documents, query % ("0", -1), n=2)
    assert one.document is two.document
    assert set(first) == {7, NOW, 4, "10.5", 9}
    assert set(second) == {7, NOW, 2, "0", -1}


async def test_literals_of_directives_and_defaults_stay(documents: Documents) -> None:
    query = "query ($n: Int = %d) { customers(first: $n) { edges { cursor } } }"
    one, first = await bound(documents, query % 4)
    two, second = await bound(documents, query % 6)
    assert one.document is not two.document
    assert (first[-1], second[-1]) == (4, 6)


async def test_fields_that_merge_only_because_their_literals_are_equal_are_not_lifted(documents: Documents) -> None:
    query = '{ customer(id: "%s") { id } customer(id: "%s") { createdAt } }'
    await bound(documents, query % ("cus_1", "cus_1"))
    with pytest.raises(GraphError, match="conflict"):
        await documents.get(GraphQLRequest(query=query % ("cus_1", "cus_2")), CALLER)


@pytest.mark.parametrize("wrong", ["99999999999", '"a"', "1.5", "true"])
async def test_a_literal_of_the_wrong_kind_is_refused_as_if_it_had_never_been_lifted(
    documents: Documents, wrong: str
) -> None:
    query = "{ customers(first: %s) { totalCount } }"
    await bound(documents, query % 5)
    with pytest.raises(GraphError, match=r"Int cannot represent|Expected value of type 'Int'"):
        await documents.get(GraphQLRequest(query=query % wrong), CALLER)


async def test_what_only_the_parser_should_read_is_left_to_it(documents: Documents) -> None:
    found, arguments = await bound(documents, '{ searchCustomers(text: """ block "quoted" """) { score } }')
    assert found.document.lifting is None
    assert ' block "quoted" ' in str(arguments) or 'block "quoted"' in str(arguments)
    assert find_skeleton('{ a(b: "\\u{41}") }') is None


@given(text=st.text(), number=st.integers(-(2**31) + 1, 2**31 - 1))
def test_the_skeleton_does_not_depend_on_the_values(text: str, number: int) -> None:
    written = json.dumps(text)
    skeleton = find_skeleton(f'{{ a1: x(b: {written}, c: {number}) # "not" 1 a value\n }}')
    if "\\u{" in written:
        return
    assert skeleton is not None
    assert skeleton.literals == (text, number)
    assert skeleton.text == "{ a1: x(b: \x01string\x01, c: \x01int\x01) \n }"


@given(identifier=st.text(min_size=1, max_size=40))
def test_a_value_of_a_request_never_becomes_part_of_a_statement(identifier: str) -> None:

    async def check() -> None:
        documents = Documents(catalogue())
        try:
            marker = f"zq{identifier}zq"
            query = f"{{ searchCustomers(text: {json.dumps(marker)}) {{ score }} }}"
            found = await documents.get(GraphQLRequest(query=query), CALLER)
            values = found.coerce({})
            plan = await documents.plan(found.document, values)
            assert marker not in plan.single
            assert marker not in plan.batched
        finally:
            documents.close()

    anyio.run(check)
