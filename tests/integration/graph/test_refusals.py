"""Whatever is wrong with a request is told with a code from the closed set; nothing is ever an internal error."""

from typing import Any

import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import AnswerKind
from tests.integration.graph.conftest import Ask, answered, caller

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("query", "variables", "code", "kind"),
    [
        ("{", {}, "PARSE_FAILED", AnswerKind.UNPARSABLE),
        ("", {}, "PARSE_FAILED", AnswerKind.UNPARSABLE),
        ("{ nothing }", {}, "VALIDATION_FAILED", AnswerKind.INVALID),
        ("query a { node(id: 1) { id } } query b { node(id: 1) { id } }", {}, "BAD_OPERATION", AnswerKind.INVALID),
        ("query ($id: ID!) { node(id: $id) { id } }", {}, "BAD_VARIABLE", AnswerKind.INVALID),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": {"a": 1}}, "BAD_VARIABLE", AnswerKind.INVALID),
        ("query ($n: Int) { customers(first: $n) { totalCount } }", {"n": 2**40}, "BAD_VARIABLE", AnswerKind.INVALID),
        (
            "query ($t: DateTime) { customer(id: 1, asOf: $t) { id } }",
            {"t": "2026"},
            "BAD_VARIABLE",
            AnswerKind.INVALID,
        ),
        (
            '{ customer(id: "cus_101") { lifecycle(model: "relationshp") { stage } } }',
            {},
            "BAD_ARGUMENT",
            AnswerKind.INVALID,
        ),
        ("{ customers(first: -1) { edges { cursor } } }", {}, "BAD_ARGUMENT", AnswerKind.INVALID),
        ("{ customers(first: 501) { edges { cursor } } }", {}, "BAD_ARGUMENT", AnswerKind.INVALID),
        ("{ customers(first: 1, last: 1) { edges { cursor } } }", {}, "BAD_ARGUMENT", AnswerKind.INVALID),
        ('{ customers(after: "x") { edges { cursor } } }', {}, "BAD_CURSOR", AnswerKind.INVALID),
        ('{ customers(after: "c_1_2") { edges { cursor } } }', {}, "BAD_CURSOR", AnswerKind.INVALID),
        ('{ customers(after: "c_99999999999999999999") { edges { cursor } } }', {}, "BAD_CURSOR", AnswerKind.INVALID),
        ('{ customers(after: "c_\u0661") { edges { cursor } } }', {}, "BAD_CURSOR", AnswerKind.INVALID),
        (
            '{ customer(id: "cus_101") { orders(after: "o_9223372036854775807_1") { edges { cursor } } } }',
            {},
            "BAD_CURSOR",
            AnswerKind.INVALID,
        ),
        ("{ customer { id } }", {}, "BAD_ARGUMENT", AnswerKind.INVALID),
        (
            '{ customer(id: "1", identity: {type: EMAIL, value: "a@b.fr"}) { id } }',
            {},
            "BAD_ARGUMENT",
            AnswerKind.INVALID,
        ),
        ('{ customer(id: "101") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ customer(id: "cus_") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ customer(id: "cus_99999999999999999999") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ customer(id: "cus_9223372036854775808") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ customer(id: "cus_\u0663") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ node(id: "evt_1") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        ('{ node(id: "xxx_1") { id } }', {}, "BAD_ID", AnswerKind.INVALID),
        (
            "query ($t: String!) { searchCustomers(text: $t) { score } }",
            {"t": "a\x00"},
            "BAD_ARGUMENT",
            AnswerKind.INVALID,
        ),
        (
            "query ($t: String!) { searchCustomers(text: $t) { score } }",
            {"t": "\ud800"},
            "BAD_ARGUMENT",
            AnswerKind.INVALID,
        ),
        (
            "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
            {"r": [1]},
            "BAD_ARGUMENT",
            AnswerKind.INVALID,
        ),
        (
            "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
            {"r": [{"__typename": "Customer", "id": "x"}]},
            "BAD_ID",
            AnswerKind.INVALID,
        ),
    ],
)
async def test_a_bad_request_has_a_typed_error(
    engine: GraphEngine, ask: Ask, query: str, variables: dict[str, Any], code: str, kind: AnswerKind
) -> None:
    response = await ask(query, **variables)
    assert "data" not in response
    assert {error["extensions"]["code"] for error in response["errors"]} == {code}
    assert (await answered(engine, query, **variables)).kind is kind


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "EMAIL", "value": "not an address"},
        {"type": "EMAIL", "value": ""},
        {"type": "PHONE", "value": "0612"},
        {"type": "USER_ID", "value": "null"},
        {"type": "ORDER_ID", "value": "x" * 10_000},
        {"type": "LOYALTY_CARD", "value": "' or 1=1 --"},
    ],
)
async def test_an_identifier_nobody_can_have_finds_nobody(ask: Ask, identity: dict[str, str]) -> None:
    query = "query ($identity: IdentityInput) { customer(identity: $identity) { id } }"
    assert await ask(query, identity=identity) == {"data": {"customer": None}}


async def test_names_of_the_schema_are_not_suggested(ask: Ask) -> None:
    response = await ask("{ custome(id: 1) { id } }")
    assert "Did you mean" not in response["errors"][0]["message"]


async def test_scopes_a_root_field_needs_mask_it(ask: Ask) -> None:
    response = await ask("{ models { kind } lifecyclePolicy { version } }", by=caller(scopes=frozenset()))
    assert response["data"] is None
    assert {error["extensions"]["code"] for error in response["errors"]} == {"FORBIDDEN"}
