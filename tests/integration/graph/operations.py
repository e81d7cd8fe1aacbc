"""Generates valid operations over the whole schema, with arguments that find something in the small world."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
CUSTOMERS = ["cus_101", "cus_102", "cus_103", "cus_104", "cus_105", "cus_201", "cus_999"]
_LITERALS: dict[tuple[str, str], list[str]] = {
    ("customer", "id"): [f'"{one}"' for one in CUSTOMERS],
    ("customer", "asOf"): ['"2025-12-01T00:00:00Z"', '"2024-01-01T00:00:00+02:00"', "null"],
    ("customer", "knownAt"): ['"2025-12-05T00:00:00Z"', "null"],
    ("node", "id"): ['"cus_101"', '"ord_3"', '"evt_101_1"', '"evt_102_2"', '"ord_999"'],
    ("searchCustomers", "text"): ['"oneil"', '"bob quote"', '"T1-2"', '""'],
    ("customers", "filter"): [
        "{}",
        "{stages: [NEW, LOYAL]}",
        '{netRevenue: {min: "1"}}',
        "{churnProbability: {max: 0.5}}",
    ],
    ("customers", "orderBy"): ["{field: NET_REVENUE}", "{field: CHURN_PROBABILITY, direction: ASC}", "null"],
    ("timeline", "types"): ["[ORDER, FEEDBACK]", "ORDER", "[]", "null"],
    ("timeline", "channels"): ["[WEB]", "[EMAIL, CALL_CENTRE]"],
    ("timeline", "from"): ['"2026-01-01T00:00:00Z"'],
    ("lifecycle", "model"): ['"relationship"', "null"],
    ("_entities", "representations"): [
        '[{__typename: "Customer", id: "cus_102"}, {__typename: "Order", id: "ord_1"}]',
        '[{__typename: "Customer", id: "cus_9"}]',
    ],
}
_BY_NAME = {
    "first": ["0", "1", "3", "50"],
    "days": ["0", "7", "45", "900"],
    "locale": ["FR", "EN"],
    "includeFuture": ["true", "false"],
    "fresh": ["true", "false"],
}


@dataclass
class _Writer:
    schema: GraphQLSchema
    draw: Draw
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = ["__typename"] if self.draw(st.booleans()) else []
        if isinstance(type_, GraphQLUnionType):
            parts.append("__typename")
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            names = [name for name, one in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(one.type))]
            chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True)) if names else []
            parts += [self.field(name, type_.fields[name], depth) for name in chosen]
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and depth >= 0:
            possible = self.schema.get_possible_types(type_)
            for one in self.draw(st.lists(st.sampled_from(possible), max_size=3, unique=True)):
                parts.append(f"... on {one.name} {self.selection(one, depth - 1)}")
        elif isinstance(type_, GraphQLObjectType) and depth > 0 and self.draw(st.integers(0, 5)) == 0:
            parts.append(self.spread(type_, depth))
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def spread(self, type_: GraphQLObjectType, depth: int) -> str:
        name = f"F{len(self.fragments)}"
        self.fragments.append("")
        self.fragments[int(name[1:])] = f"fragment {name} on {type_.name} {self.selection(type_, depth - 1)}"
        return f"...{name}"

    def field(self, name: str, declared: GraphQLField, depth: int) -> str:
        self.aliases += 1  # each response key its own, so that fields with other arguments never clash
        arguments = [f"{one}: {value}" for one, value in self.arguments(name, declared).items()]
        written = f"a{self.aliases}: {name}" + (f"({', '.join(arguments)})" if arguments else "")
        directive = self.draw(st.integers(0, 11))
        if directive < 4:
            written += (" @skip(if: $no)", " @skip(if: $yes)", " @include(if: $yes)", " @include(if: true)")[directive]
        named = get_named_type(declared.type)
        return written if is_leaf_type(named) else f"{written} {self.selection(named, depth - 1)}"

    def arguments(self, name: str, declared: GraphQLField) -> dict[str, str]:
        chosen: dict[str, str] = {}
        for one, argument in declared.args.items():
            if one in ("identity", "after", "before") or (one == "last" and "first" in chosen):
                continue
            pool = _LITERALS.get((name, one)) or _BY_NAME.get("first" if one == "last" else one)
            if pool is None:
                continue
            if is_required_argument(argument) or (name, one) == ("customer", "id") or self.draw(st.integers(0, 2)) == 0:
                chosen[one] = self.draw(st.sampled_from(pool))
        return chosen


@st.composite
def operations(draw: Draw, schema: GraphQLSchema) -> str:
    """A query of some root fields, three to five levels deep, with aliases, fragments and directives."""
    writer = _Writer(schema, draw)
    query = schema.query_type
    assert query is not None
    roots = ["customer", "customer", "customers", "node", "searchCustomers", "_entities", "models", "modelPromotions"]
    roots.append("lifecyclePolicy")
    chosen = draw(st.lists(st.sampled_from(roots), min_size=1, max_size=3))
    depth = draw(st.integers(2, 6))
    fields = [writer.field(name, query.fields[name], depth) for name in chosen]
    return (
        "query ($yes: Boolean! = true, $no: Boolean! = false) { used: __typename @include(if: $yes) @skip(if: $no) "
        + " ".join(fields)
        + " } "
        + " ".join(writer.fragments)
    )
