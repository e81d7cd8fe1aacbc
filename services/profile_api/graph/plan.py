"""A plan: one statement, what it binds, and what its answer still needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from profile_api.audit.personal_data import PersonalData
from profile_api.graph.arguments import Reader, Values
from profile_api.graph.parameters import Parameter, bind
from profile_api.graph.request import Caller, Scope

_FIRST = (("tenant_id", "integer"), ("now", "timestamptz"))


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One root field of a mutation: what to write, and the plan that reads its payload."""

    key: str
    field: str
    read_input: Reader
    payload: "Plan"


@dataclass(frozen=True, slots=True)
class PlannedThen:
    """A part looked back on: from which instants, and the plan that reads it over the rows computed for them."""

    read_as_of: Reader
    read_known_at: Reader
    part: "Plan"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One validated operation as SQL. `expression` yields the JSON text of `data` from the parameter row `p`."""

    expression: str
    parameters: Sequence[Parameter]
    masked: Mapping[str, Scope] = field(default_factory=dict)  # field path → the scope the caller lacks
    live: "tuple[Plan, ...]" = ()  # one per place where predictions are to be made anew, by the number in its mark
    personal: frozenset[PersonalData] = frozenset()  # what it reads that leaves a trail
    withheld: frozenset[PersonalData] = frozenset()  # what it asks for and the caller may not read
    then: "tuple[PlannedThen, ...]" = ()  # one per place where the life cycle is looked back on
    abstract: bool = False  # some object's type depends on its row: the full finisher needs the typed plan
    writes: "tuple[PlannedWrite, ...]" = ()  # of a mutation, in their order; then the expression is empty
    single: str = field(init=False)
    batched: str = field(init=False)

    def __post_init__(self) -> None:
        columns = [*_FIRST, *((parameter.name, parameter.type) for parameter in self.parameters)]
        ones = ", ".join(f"${i}::{type_} as {name}" for i, (name, type_) in enumerate(columns, 1))
        arrays = ", ".join(f"${i}::{type_}[]" for i, (_, type_) in enumerate(columns, 1))
        names = ", ".join(name for name, _ in columns)
        object.__setattr__(self, "single", f"select {self.expression} from (select {ones}) p")
        object.__setattr__(
            self,
            "batched",
            f"select p.batch_number::int, {self.expression}"
            f" from unnest({arrays}) with ordinality as p({names}, batch_number)",
        )

    @property
    def leaves_trail(self) -> bool:
        """Whether the answer says whom it is about, for the trail of personal data."""
        return bool(self.personal or self.withheld)

    def bind(self, values: Values, caller: Caller, now: datetime) -> tuple[Any, ...]:
        return bind(self.parameters, values, caller, now)
