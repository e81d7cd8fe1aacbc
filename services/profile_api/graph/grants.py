"""What an operation reads by its caller's scopes: what is masked, and what leaves a trail of whom."""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphql import GraphQLField, is_non_null_type

from profile_api.audit.personal_data import PERSON_MARK, PersonalData
from profile_api.graph.catalogue import DeclaredField
from profile_api.graph.rendering import FORBIDDEN_MARK, Constant, Expression, Part, marked
from profile_api.graph.request import Scope


@dataclass(slots=True)
class Grants:
    """Gathered while one statement is planned."""

    granted: frozenset[Scope]
    masked: dict[str, Scope] = field(default_factory=dict)  # by the path of the field
    personal: list[PersonalData] = field(default_factory=list)
    withheld: list[PersonalData] = field(default_factory=list)
    _is_inside_person: bool = False
    _person_is_due: bool = False

    def admits(self, scope: Scope | None) -> bool:
        """Whether the caller has the scope."""
        return scope is None or scope in self.granted

    def admits_field(self, declared: DeclaredField) -> bool:
        """The same of a field; either way the trail tells about it, if it is personal."""
        is_admitted = self.admits(declared.scope)
        if declared.personal is not None:
            (self.personal if is_admitted else self.withheld).append(declared.personal)
        return is_admitted

    def mask(self, field_: GraphQLField, scope: Scope, path: str) -> Part:
        """What stands for a field that may not be read."""
        if is_non_null_type(field_.type):
            return Constant(marked(f"{FORBIDDEN_MARK}:{scope}"))
        self.masked[path] = scope
        return Constant("null")

    def found_by(self, personal: PersonalData) -> None:
        """The object planned next is found by personal data: whose it is has to be told, whatever is asked of it."""
        self.personal.append(personal)
        self._person_is_due = True

    def telling_whom(self, person: Callable[[], str] | None, parts: Callable[[], list[Part]]) -> list[Part]:
        """The parts of an object, led by the number of whom it is about when there is personal data in it."""
        if person is None or self._is_inside_person:
            return parts()
        is_due, self._person_is_due = self._person_is_due, False
        before = len(self.personal) + len(self.withheld)
        self._is_inside_person = True
        written = parts()
        self._is_inside_person = False
        if not is_due and len(self.personal) + len(self.withheld) == before:
            return written
        mark = Constant(PERSON_MARK)
        return [mark, Expression(f"({person()})::text"), mark, *written]
