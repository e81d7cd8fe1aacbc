"""What has a global id."""

import strawberry

from profile_api.graph.sources import planned


@strawberry.interface(description="Something with a global id, which `node` finds again.")
class Node:
    id: strawberry.ID = planned(None, "Global id, opaque: the same for as long as the thing exists.")
