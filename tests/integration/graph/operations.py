"""Generates valid operations over the whole schema, with arguments that find something in the small world."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse_value,
)
from graphql.utilities import value_from_ast_untyped

from tests.integration.graph.world import EPOCH, NOW

CUSTOMERS = ["cus_101", "cus_102", "cus_103", "cus_104", "cus_105", "cus_201", "cus_999"]
_ROOTS = [
    *("customer", "customer", "customers", "node", "searchCustomers", "_entities", "models", "modelPromotions"),
    "lifecyclePolicy",
]


def _cursors(tag: str, *, rest: str = "") -> list[str]:
    """Cursors a connection could have given out, around half a year ago."""
    halfway = NOW - timedelta(days=180)
    return [f'"{tag}_{(halfway - EPOCH) // timedelta(microseconds=1)}{rest}"']


# %Int:1% stands for a variable of that type and value within a literal.
_LITERALS: dict[tuple[str, str], list[str]] = {
    ("customer", "id"): [f'"{one}"' for one in CUSTOMERS],
    ("customer", "identity"): [
        '{type: EMAIL, value: "Ana@Shop.fr"}',
        '{type: %IdentityType!:"PHONE"%, value: "+33 6 12 34 56 78"}',
        '{type: ORDER_ID, value: %String!:"T1-2"%}',
    ],
    ("customer", "asOf"): ['"2025-12-01T00:00:00Z"', '"2024-01-01T00:00:00+02:00"', "null"],
    ("customer", "knownAt"): ['"2025-12-05T00:00:00Z"', "null"],
    ("node", "id"): ['"cus_101"', '"ord_3"', '"evt_101_1"', '"evt_102_2"', '"ord_999"'],
    ("searchCustomers", "text"): ['"oneil"', '"bob quote"', '"T1-2"', '""'],
    ("customers", "filter"): [
        "{}",
        "{stages: [NEW, LOYAL]}",
        '{netRevenue: {min: %Decimal:"1"%}, orderCount: {max: 50}}',
        "{churnProbability: {min: 0, max: %Float:0.5%}}",
        '{predictedValue: {min: "1.5", max: "9000"}, acquisitionChannels: [STORE]}',
        '{lastOrderAt: {from: %DateTime:"2025-01-01T00:00:00Z"%, to: null}, preferredChannels: %[Channel!]:["WEB"]%}',
    ],
    ("customers", "orderBy"): [
        *("{field: NET_REVENUE}", "{field: CHURN_PROBABILITY, direction: ASC}", "null", "{field: CREATED}"),
        *("{field: LAST_ORDER, direction: DESC}", '{field: %CustomerOrderField!:"PREDICTED_VALUE"%}'),
    ],
    ("customers", "after"): ['"c_104"'],
    ("customers", "before"): ['"c_101"'],
    ("orders", "after"): _cursors("o", rest="_5"),
    ("orders", "before"): _cursors("o", rest="_5"),
    ("timeline", "after"): _cursors("e", rest="_5"),
    ("timeline", "before"): _cursors("e", rest="_5"),
    ("touchpoints", "after"): _cursors("j", rest="_5"),
    ("touchpoints", "before"): _cursors("j", rest="_5"),
    ("purchaseJourneys", "after"): _cursors("p", rest="_5"),
    ("purchaseJourneys", "before"): _cursors("p", rest="_5"),
    ("history", "after"): _cursors("t"),
    ("history", "before"): _cursors("t"),
    ("timeline", "types"): ["[ORDER, FEEDBACK]", "ORDER", "[]", "null"],
    ("timeline", "channels"): ["[WEB]", "[EMAIL, CALL_CENTRE]"],
    ("timeline", "from"): ['"2026-01-01T00:00:00Z"'],
    ("timeline", "to"): ['"2026-02-20T00:00:00+01:00"'],
    ("lifecycle", "model"): ['"relationship"', "null"],
    ("_entities", "representations"): [
        '[{__typename: "Customer", id: "cus_102"}, {__typename: "Order", id: "ord_1"}]',
        '[{__typename: "Customer", id: "cus_9"}]',
    ],
}
_BY_NAME = {
    "first": ["0", "1", "3", "50"],
    "last": ["0", "2", "40"],
    "days": ["0", "7", "45", "900"],
    "locale": ["FR", "EN"],
    "includeFuture": ["true", "false"],
    "fresh": ["true", "false"],
}
_ONE_OF = {"customer": ("id", "identity"), "first": ("first", "last")}
_HOLE = re.compile(r"%([^:%]+):([^%]+)%")


@dataclass(frozen=True, slots=True)
class Operation:
    """A document with one operation, and the variables given to it."""

    query: str
    variables: dict[str, Any]


@dataclass
class _Writer:
    schema: GraphQLSchema
    random: Random
    fragments: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    aliases: int = 0

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = ["__typename"] if self.chance(4) else []
        if isinstance(type_, GraphQLUnionType):
            parts.append("__typename")
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            names = [name for name, one in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(one.type))]
            for name in self.random.sample(names, min(len(names), self.random.randint(1, 4))):
                parts += self.field(name, type_.fields[name], depth)
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and depth >= 0:
            possible = self.schema.get_possible_types(type_)
            for one in self.random.sample(possible, min(len(possible), self.random.randint(0, 3))):
                parts.append(f"... on {one.name}{self.directive()} {self.selection(one, depth - 1)}")
        if depth > 0 and self.chance(5):
            parts.append(self.spread(type_, depth))
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def spread(self, type_: GraphQLNamedType, depth: int) -> str:
        """A named fragment on the type or an interface of it, or an inline one on whatever it is."""
        interfaces = list(getattr(type_, "interfaces", ()))
        on = self.random.choice([type_, type_, *interfaces, None])
        if on is None:
            return f"...{self.directive()} {self.selection(type_, depth - 1)}"
        name = f"F{len(self.fragments)}"
        self.fragments.append("")
        self.fragments[int(name[1:])] = f"fragment {name} on {on.name} {self.selection(on, depth - 1)}"
        return f"...{name}{self.directive()}"

    def field(self, name: str, declared: GraphQLField, depth: int) -> list[str]:
        self.aliases += 1  # each response key its own, so that fields with other arguments never clash
        arguments = [f"{one}: {value}" for one, value in self.arguments(name, declared).items()]
        alias = "" if is_leaf_type(get_named_type(declared.type)) and not declared.args else f"a{self.aliases}: "
        head = f"{alias}{name}" + (f"({', '.join(arguments)})" if arguments else "") + self.directive()
        named = get_named_type(declared.type)
        times = 2 if self.chance(8) else 1  # asked for twice, with other selections: they merge
        if is_leaf_type(named):
            return [head] * times
        return [f"{head} {self.selection(named, depth - 1)}" for _ in range(times)]

    def directive(self) -> str:
        return {
            0: " @skip(if: $no)", 1: " @skip(if: $yes)", 2: " @include(if: $yes)", 3: " @include(if: true)",
            4: " @skip(if: false) @include(if: $yes)",
        }.get(self.random.randrange(20), "")  # fmt: skip

    def arguments(self, name: str, declared: GraphQLField) -> dict[str, str]:
        chosen: dict[str, str] = {}
        lone = self.random.choice(_ONE_OF[name]) if name in _ONE_OF else None
        side = self.random.choice(_ONE_OF["first"])
        for one, argument in sorted(declared.args.items(), key=lambda item: item[0] != "orderBy"):
            if (lone and one in _ONE_OF[name] and one != lone) or (
                one in _ONE_OF["first"] and "last" in declared.args and one != side
            ):
                continue
            if one in ("after", "before") and "orderBy" in chosen:
                continue  # a cursor belongs to its ordering
            pool = _LITERALS.get((name, one)) or _BY_NAME.get(one)
            if pool and (is_required_argument(argument) or one == lone or self.chance(3)):
                chosen[one] = self.value(argument, self.random.choice(pool))
        return chosen

    def value(self, argument: GraphQLArgument, literal: str) -> str:
        """The literal itself, or a variable with that value or that default."""
        if _HOLE.search(literal):
            return _HOLE.sub(lambda hole: self.variable(hole[1], hole[2], given=True), literal)
        way = self.random.choice(["literal", "literal", "given", "default"])
        if way == "literal":
            return literal
        if literal == "null" and isinstance(argument.type, GraphQLNonNull):
            return literal
        return self.variable(str(argument.type), literal, given=way == "given")

    def variable(self, type_: str, literal: str, *, given: bool) -> str:
        name = f"v{len(self.definitions)}"
        if given:
            self.variables[name] = value_from_ast_untyped(parse_value(literal))
        self.definitions.append(f"${name}: {type_}" + ("" if given else f" = {literal}"))
        return f"${name}"


def operation(schema: GraphQLSchema, random: Random) -> Operation:
    """A query of some root fields, some levels deep: aliases, fragments, directives, variables, pages both ways."""
    writer = _Writer(schema, random)
    query = schema.query_type
    assert query is not None
    depth = random.randint(2, 7)
    chosen = random.choices(_ROOTS, k=random.randint(1, 3))
    fields = [part for name in chosen for part in writer.field(name, query.fields[name], depth)]
    definitions = ", ".join(["$yes: Boolean! = true", "$no: Boolean! = false", *writer.definitions])
    document = (
        f"query ({definitions}) {{ used: __typename @include(if: $yes) @skip(if: $no) "
        + " ".join(fields)
        + " } "
        + " ".join(writer.fragments)
    )
    return Operation(document, writer.variables)
