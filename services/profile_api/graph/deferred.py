"""Parts of an answer that are read after the statement, over rows it cannot know: live scores, the past life cycle.

The statement leaves a mark that names the customer; the same selection becomes a plan of its own.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from graphql import GraphQLField, get_named_type

from profile_api.graph.arguments import Reader
from profile_api.graph.live import LIVE_CUSTOMER, LIVE_JOINS, LIVE_PARAMETERS, LIVE_PLACES
from profile_api.graph.lookback import INSTEAD, THEN_CUSTOMER, THEN_PARAMETERS, THEN_PLACES
from profile_api.graph.plan import Plan, PlannedThen
from profile_api.graph.rendering import NULL_MARK, Part, concatenated, marked, quoted
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.rows import Frame, Row
from profile_api.graph.sources import Embedded

if TYPE_CHECKING:
    from profile_api.graph.planner import Planner
    from profile_api.graph.selections import Selections


def live_part(planner: "Planner", field: GraphQLField, selections: "Selections", frame: Frame, path: str) -> Part:
    """A mark that names the customer; the same selection becomes a plan of its own over the live answer."""
    assert frame.row is not None  # noqa: S101
    if frame.looks_back:
        raise GraphError(
            "predictions are made anew for the present only; leave out `fresh`, or `asOf` and `knownAt`",
            code=ErrorCode.BAD_ARGUMENT,
        )
    slot = len(planner.live)
    inner = planner.inner()
    row = Row(inner.templates.alias(), {**planner.catalogue.joins("Customer"), **LIVE_JOINS})
    reached = Frame(row=row, as_of=None).inside(arguments=frame.arguments)
    named = get_named_type(field.type)
    parameters = inner.templates.parameters
    for name, type_, read in LIVE_PARAMETERS:
        parameters.add_named(name, type_, read)
    item = inner.composite_sql(named, selections, reached, path)
    rows = inner.templates.expand(LIVE_CUSTOMER, reached)
    gone = quoted(marked(NULL_MARK))  # erased since
    planner.live.append(
        Plan(
            expression=f"coalesce((select {item} from ({rows}) {row.alias}{row.from_joins()}), {gone})",
            parameters=tuple(parameters.parameters),
        )
    )
    return LIVE_PLACES.mark(slot, f"{frame.row.alias}.id")


def then_part(
    planner: "Planner",
    source: Embedded,
    field: GraphQLField,
    selections: "Selections",
    frame: Frame,
    path: str,
    absent: str,
) -> Part:
    """A mark that names the customer; the same selection becomes a plan of its own over rows computed for then."""
    assert frame.row is not None  # noqa: S101
    slot = len(planner.then)
    inner = planner.inner(INSTEAD)
    row = Row(inner.templates.alias(), planner.catalogue.joins("Customer"))
    for name, type_, read in THEN_PARAMETERS:
        inner.templates.parameters.add_named(name, type_, read)
    reached = inner.looking(frame)
    reached = replace(reached, row=row, parent=None)
    item = concatenated(inner.embedded_parts(source, field, selections, reached, path, absent))
    rows = inner.templates.expand(THEN_CUSTOMER, reached)
    part = replace(
        inner.planned([]),
        expression=f"coalesce((select {item} from ({rows}) {row.alias}{row.from_joins()}), {absent})",
    )
    planner.then.append(PlannedThen(_instant(frame, "asOf"), _instant(frame, "knownAt"), part))
    return THEN_PLACES.mark(slot, f"{frame.row.alias}.id")


def _instant(frame: Frame, argument: str) -> Reader:
    """Reads the instant a frame looks from; None when it was not given."""
    arguments = frame.argument(argument)
    return (lambda _values: None) if arguments is None else arguments.reader(argument)
