"""What changed between two schemas that a client could notice, and which of it was meant."""

import tomllib
from collections.abc import Iterable, Sequence

from graphql import GraphQLSchema
from graphql.utilities import DangerousChange, find_breaking_changes, find_dangerous_changes
from graphql.utilities.find_schema_changes import DangerousChangeType

_ADDITIONS = {
    DangerousChangeType.VALUE_ADDED_TO_ENUM,
    DangerousChangeType.TYPE_ADDED_TO_UNION,
    DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED,
    DangerousChangeType.OPTIONAL_ARG_ADDED,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
}


def broken_promises(released: GraphQLSchema, present: GraphQLSchema) -> list[str]:
    """What a client of the released schema may stumble over, in words; additions are none."""
    dangers: Iterable[DangerousChange] = find_dangerous_changes(released, present)
    return sorted(
        [
            *(change.description for change in find_breaking_changes(released, present)),
            *(change.description for change in dangers if change.type not in _ADDITIONS),
        ]
    )


def accepted_breaks(declared: str) -> list[str]:
    """The breaks a declaration accepts. Errors: ValueError for one without a reason."""
    breaks = tomllib.loads(declared).get("break", [])
    for one in breaks:
        if not str(one.get("reason", "")).strip():
            raise ValueError(f"{one.get('change')!r} is declared without a reason")
    return [one["change"] for one in breaks]


def complaints(found: Sequence[str], accepted: Sequence[str]) -> list[str]:
    """What is wrong: breaks nobody declared, and declarations of breaks that are none."""
    return [
        *(
            f"{change} Clients of the released schema break: bring it back, deprecate it first, or declare it in "
            "docs/reference/released/accepted_breaks.toml with a reason"
            for change in found
            if change not in accepted
        ),
        *(f"{change} This break is declared and did not happen" for change in accepted if change not in found),
    ]
