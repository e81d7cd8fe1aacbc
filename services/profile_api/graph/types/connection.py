"""What connections share: Relay's page information and page arguments, and the ordering of a person's facts by time."""

from typing import Annotated

import strawberry

from profile_api.graph.sources import Ordering, SortKey, planned
from profile_api.graph.sql import template


@strawberry.type(description="Where a page of a connection lies.")
class PageInfo:
    has_next_page: bool = planned(None, "Whether more follows this page.")
    has_previous_page: bool = planned(None, "Whether something precedes this page.")
    start_cursor: str | None = planned(None, "Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = planned(None, "Cursor of the last edge; null on an empty page.")


CURSOR = "Opaque; give it to `after` or `before` of the same connection and ordering."
TOTAL = "How many there are in all, whatever the page; counted only when asked for."
ESTIMATED_TOTAL = (
    "How many there are in all, whatever the page; counted only when asked for. Above 10,000 an estimate from the"
    " newest: too large where the filter suits newer customers better than older ones, too small the other way round."
)
EDGES = "The page, in the connection's order."
PAGE_INFO = "What lies around the page."

First = Annotated[
    int | None, strawberry.argument(description="How many at most, from the start; 20 when left out, 500 at most.")
]
After = Annotated[str | None, strawberry.argument(description="Only what follows the edge with this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many at most, from the end. Not beside `first`.")]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes the edge with this cursor.")]


def facts_of_person(table: str, instant: str) -> Ordering:
    """The facts that one table holds of a person, by the column of their instant, the newest first."""
    return Ordering(
        rows=template("facts_of_person", facts=table, instant=instant),
        then=template("facts_of_members", facts=table, instant=instant),
        keys=(SortKey(f"{{item}}.{instant}", "timestamptz"), SortKey("{item}.id", "bigint")),
    )
