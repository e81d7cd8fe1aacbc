"""The exported schema is the schema; every field of it can be planned and says what it means."""

from pathlib import Path

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from profile_api.graph.schema import catalogue

EXPORTED = Path(__file__).parents[3] / "docs" / "reference" / "schema.graphql"
_KNOWN_BY_NAME = {"edges", "node", "cursor", "pageInfo", "totalCount", "totalCountIsExact"}


def test_the_exported_schema_is_up_to_date() -> None:
    assert EXPORTED.read_text(encoding="utf-8") == catalogue().sdl + "\n", (
        "the schema changed; review it: python -m profile_api.graph.export docs/reference/schema.graphql"
    )


def test_every_type_field_and_argument_is_described() -> None:
    silent = []
    for name, type_ in catalogue().schema.type_map.items():
        if name.startswith("_") or type_.ast_node is None or name.startswith("link__"):
            continue
        if not type_.description:
            silent.append(name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            silent += [
                f"{name}.{key}" for key, field in type_.fields.items() if not field.description and key[0] != "_"
            ]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            silent += [
                f"{name}.{key}({argument})"
                for key, field in type_.fields.items()
                for argument, declared in field.args.items()
                if not declared.description and key[0] != "_"
            ]
    assert silent == []


def test_every_field_has_a_source() -> None:
    known = catalogue()
    homeless = []
    given_whole = {"PageInfo", "_Service"}
    for name, type_ in known.schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType) or name.startswith("__") or name in given_whole:
            continue
        for key in type_.fields:
            declared = known.fields.get((name, key))
            if (declared is None or declared.source is None) and key not in _KNOWN_BY_NAME:
                homeless.append(f"{name}.{key}")
    assert homeless == []
