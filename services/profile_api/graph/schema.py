"""Assembles the schema, the single source of truth for types, descriptions, sources and scopes."""

from functools import cache

from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig

from profile_api.graph.catalogue import Catalogue
from profile_api.graph.scalars import SCALARS
from profile_api.graph.types.mutation import Mutation
from profile_api.graph.types.query import Query
from profile_api.graph.types.subscription import Subscription
from profile_api.graph.types.touchpoint import CONCRETE


@cache
def catalogue() -> Catalogue:
    """The schema as the planner sees it, built once per process."""
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*CONCRETE],
        federation_version="2.3",
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )
    return Catalogue(schema)
