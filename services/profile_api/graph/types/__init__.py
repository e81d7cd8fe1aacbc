"""The GraphQL types. Each field says what it means, when it is null, and where the planner finds it."""

from profile_api.graph.types import words as words  # the enums must be described before a type uses them
