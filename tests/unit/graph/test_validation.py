"""The quick pass says valid only where every rule of the specification does, and ordinary documents pass it."""

import re
from random import Random

import pytest
from graphql import GraphQLError, parse, specified_rules, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from profile_api.graph.schema import catalogue
from profile_api.graph.validation import errors_in, is_plainly_valid
from tests.integration.graph.operations import operation

_TOKEN = re.compile(r'"[^"]*"|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9.]+|[^\s]')
_ORDINARY = [
    "{ customer(id: 3) { id ...Names } } fragment Names on Customer { id displayName orders { totalCount } }",
    "query ($n: Int = 4, $s: Boolean!) { customers(first: $n) { nodes: edges { node { id @skip(if: $s) } } } }",
    "query ($s: [LifecycleStage!]) { customers(filter: { stages: $s, orderCount: { min: 2 } }) { totalCount } }",
    '{ node(id: "cus_1") { __typename id ... on Customer { city } ... on Order { number } } }',
    "query Q($id: ID!) { customer(id: $id) { ...A ...B } }"
    " fragment A on Customer { id lifecycle { stage } } fragment B on Node { id ... on Customer { city } }",
    "mutation ($i: SetConsentInput!) { setConsent(input: $i) { customer { id } } }",
]
_UNUSUAL = [
    "subscription { customerChanged(id: 3) { noticedAt } }",
    "{ __schema { types { name } } }",
    "query A { models { name } } query B { models { name } }",
    "{ customer(id: 3) { orders { totalCount } orders { totalCount } } }",
]
_WRONG = [
    "{ customer(id: 3) { id: city id } }",
    "{ customer(id: 3) { a: orders(first: 1) { totalCount } ...F } }"
    " fragment F on Customer { a: orders(first: 2) { totalCount } }",
    "{ customer(id: 3, id: 4) { id } }",
    "{ customer(id: 3) { id @skip(if: true) @skip(if: true) } }",
    "{ customer(id: 3) { id @skip } }",
    "query ($n: String) { customers(first: $n) { totalCount } }",
    "query ($n: Int) { models { name } }",
    "query ($n: Nothing) { customers(first: $n) { totalCount } }",
    'query ($n: Int = "a") { customers(first: $n) { totalCount } }',
    "{ customers(filter: { orderCount: { min: 1, min: 2 } }) { totalCount } }",
    "{ customers(filter: { orderCount: { min: $n } }) { totalCount } }",
    "query ($n: String) { customers(filter: { orderCount: { min: $n } }) { totalCount } }",
    "{ customers(orderBy: { direction: ASC }) { totalCount } }",
    "{ customer(id: 3) { id { city } } }",
    "{ customer(id: 3) { lifecycle } }",
    "{ customer(id: 3) { ...F } } fragment F on Customer { ...F }",
    "{ customer(id: 3) { ...F } } fragment F on Order { id }",
    "{ customer(id: 3) { ... on LifecycleStage { id } } }",
    "{ models { name } } fragment F on Order { id }",
    "{ models @unknown { name } }",
    "{ node(id: 3) { city } }",
    "type Query { a: Int }",
]


@pytest.mark.parametrize("document", _ORDINARY)
def test_ordinary_documents_need_no_second_look(document: str) -> None:
    assert is_plainly_valid(catalogue().schema, parse(document))
    assert not validate(catalogue().schema, parse(document))


@pytest.mark.parametrize("document", _UNUSUAL)
def test_what_is_unusual_and_valid_is_left_to_graphql_core(document: str) -> None:
    assert not is_plainly_valid(catalogue().schema, parse(document))
    assert not errors_in(catalogue().schema, parse(document), ())


@pytest.mark.parametrize("document", _WRONG)
def test_what_is_wrong_is_worded_by_graphql_core(document: str) -> None:
    found = errors_in(catalogue().schema, parse(document), ())
    assert found
    assert found == validate(catalogue().schema, parse(document), max_errors=5, hide_suggestions=True)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(0, 3))
def test_documents_the_pass_lets_through_are_valid_by_every_rule(seed: int, changes: int) -> None:
    random = Random(seed)
    schema = catalogue().schema
    text = random.choice(
        [*_ORDINARY, *_UNUSUAL, *_WRONG, operation(schema, random).query, operation(schema, random).query]
    )
    tokens = _TOKEN.findall(text)
    for _ in range(changes):
        place, other = random.randrange(len(tokens)), random.randrange(len(tokens))
        match random.choice(("drop", "repeat", "swap", "copy")):
            case "drop":
                del tokens[place]
            case "repeat":
                tokens.insert(place, tokens[place])
            case "swap":
                tokens[place], tokens[other] = tokens[other], tokens[place]
            case "copy":
                tokens[place] = tokens[other]
    try:
        document = parse(" ".join(tokens))
    except GraphQLError:
        return
    if is_plainly_valid(schema, document):
        assert not validate(schema, document)


def test_every_rule_of_the_specification_was_thought_of() -> None:
    assert {rule.__name__.removesuffix("Rule") for rule in specified_rules} == {
        "DeferStreamDirectiveLabel", "DeferStreamDirectiveOnRootField", "DeferStreamDirectiveOnValidOperations",
        "ExecutableDefinitions", "FieldsOnCorrectType", "FragmentsOnCompositeTypes", "KnownArgumentNames",
        "KnownDirectives", "KnownFragmentNames", "KnownOperationTypes", "KnownTypeNames", "LoneAnonymousOperation",
        "MaxIntrospectionDepth", "NoFragmentCycles", "NoUndefinedVariables", "NoUnusedFragments", "NoUnusedVariables",
        "OverlappingFieldsCanBeMerged", "PossibleFragmentSpreads", "ProvidedRequiredArguments", "ScalarLeafs",
        "SingleFieldSubscriptions", "StreamDirectiveOnListField", "UniqueArgumentNames", "UniqueDirectivesPerLocation",
        "UniqueFragmentNames", "UniqueInputFieldNames", "UniqueOperationNames", "UniqueVariableNames",
        "ValuesOfCorrectType", "VariablesAreInputTypes", "VariablesInAllowedPosition",
    }  # fmt: skip
