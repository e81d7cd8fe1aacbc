"""Compiles rows that are no connection: one object, a list in its order, the entities a federation router asks for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_list_type,
)

from profile_api.graph.rendering import Expression, Part, listed_parts, quoted
from profile_api.graph.rows import Frame, Row
from profile_api.graph.sources import Entities, Rows

if TYPE_CHECKING:
    from profile_api.graph.planner import Planner
    from profile_api.graph.selections import Selections


def rows_parts(
    planner: "Planner",
    source: Rows,
    field: GraphQLField,
    selections: "Selections",
    frame: Frame,
    path: str,
    absent: str,
) -> Sequence[Part]:
    """At most one object, or all rows in their order."""
    if source.looks_from:
        frame = planner.looking(frame)
    if not planner.grants.admits(source.scope):
        assert source.scope is not None  # noqa: S101
        return [planner.grants.mask(field, source.scope, path)]
    if source.personal is not None:
        planner.grants.found_by(source.personal)
    rows = planner.templates.expand(frame.told(source.sql, source.then), frame)
    named = planner.catalogue.schema.type_map[source.type or get_named_type(field.type).name]
    row = Row(planner.templates.alias(), planner.catalogue.joins(named.name))
    item = _item_sql(planner, field, named, selections, frame.inside(row=row), path)
    unwrapped = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not is_list_type(unwrapped):
        return [Expression(f"coalesce((select {item} from ({rows}) {row.alias}{row.from_joins()}), {absent})")]
    if row.joined:
        rows = f"select r.*, row_number() over () as place from ({rows}) r"
        item = f"{item}, ',' order by {row.alias}.place"
    else:
        item = f"{item}, ','"
    return listed_parts(f"(select string_agg({item}) from ({rows}) {row.alias}{row.from_joins()})")


def entities_parts(
    planner: "Planner", source: Entities, selections: "Selections", frame: Frame, path: str
) -> Sequence[Part]:
    """One object for each representation, in the order asked; null for what is not found."""
    wanted = planner.templates.expand("{arg:representations:entities}", frame)
    cases = []
    for name, rows in source.rows.items():
        row = Row(planner.templates.alias(), planner.catalogue.joins(name))
        entity = planner.catalogue.schema.type_map[name]
        assert isinstance(entity, GraphQLObjectType)  # noqa: S101
        item = planner.typed_object(entity, selections, frame.inside(row=row), path)
        found = planner.templates.expand(rows, frame, key="wanted.key")
        cases.append(f"when {quoted(name)} then (select {item} from ({found}) {row.alias}{row.from_joins()})")
    listed = f"string_agg(coalesce(case wanted.type {' '.join(cases)} end, 'null'), ',' order by wanted.place)"
    rows = f"""jsonb_to_recordset(({wanted})::jsonb) as wanted (place integer, type text, key bigint)"""
    return listed_parts(f"(select {listed} from {rows})")


def _item_sql(
    planner: "Planner", field: GraphQLField, named: GraphQLNamedType, selections: "Selections", frame: Frame, path: str
) -> str:
    if isinstance(named, GraphQLObjectType) and is_abstract_type(get_named_type(field.type)):
        return planner.typed_object(named, selections, frame, path)
    return planner.composite_sql(named, selections, frame, path)
