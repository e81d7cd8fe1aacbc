"""How many rows an operation may return at most, by its page sizes: what a caller's allowance is charged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from profile_api.graph.arguments import Values
from profile_api.graph.parameters import DEFAULT_PAGE

_MOST_KNOWN = 256


@dataclass(slots=True, eq=False)
class Cost:
    """The cost of a selection, by variables: `1 + size * inner` for each field."""

    fields: "list[tuple[int | str, Cost]]" = field(default_factory=list)
    spreads: "list[Cost]" = field(default_factory=list)
    sizes: tuple[str, ...] = ()  # of the whole operation: the variables that set the size of a page
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def rows(self, values: Values) -> int:
        """An upper bound for these variables; a fragment is added up once however often it is spread."""
        key = tuple([values.get(size) for size in self.sizes])
        rows = self._known.get(key)
        if rows is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            rows = self._known[key] = self._rows(values, {})
        return rows

    def _rows(self, values: Values, known: dict[int, int]) -> int:
        if id(self) not in known:
            total = sum(spread._rows(values, known) for spread in self.spreads)
            for size, inner in self.fields:
                count = values.get(size) if isinstance(size, str) else size
                if not isinstance(count, int):
                    count = DEFAULT_PAGE
                total += 1 + max(count, 0) * inner._rows(values, known)
            known[id(self)] = total
        return known[id(self)]


def cost_of(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Cost:
    """The cost of a valid operation (its fragments exist and contain no cycle)."""
    known: dict[str, Cost] = {}
    sizes: set[str] = set()

    def of_fragment(name: str) -> Cost:
        if name not in known:
            known[name] = of(fragments[name].selection_set)
        return known[name]

    def of(selection_set: SelectionSetNode | None) -> Cost:
        cost = Cost()
        for selection in selection_set.selections if selection_set else ():
            match selection:
                case FieldNode():
                    size = _page_size(selection)
                    if isinstance(size, str):
                        sizes.add(size)
                    cost.fields.append((size, of(selection.selection_set)))
                case FragmentSpreadNode():
                    cost.spreads.append(of_fragment(selection.name.value))
                case InlineFragmentNode():
                    cost.spreads.append(of(selection.selection_set))
        return cost

    cost = of(operation.selection_set)
    cost.sizes = tuple(sorted(sizes))
    return cost


def _page_size(node: FieldNode) -> int | str:
    """How many objects a field returns at most: a number, or the name of the variable that says."""
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            match argument.value:
                case VariableNode():
                    return argument.value.name.value
                case IntValueNode() if len(argument.value.value) < 10:
                    return int(argument.value.value)
    selections = node.selection_set.selections if node.selection_set else ()
    names = {selection.name.value for selection in selections if isinstance(selection, FieldNode)}
    return DEFAULT_PAGE if names & {"edges", "nodes"} else 1
