"""Which fields an operation asks of an object: fragments spread, `@skip` and `@include` obeyed, by response key."""

from collections.abc import Callable, Hashable, Mapping, Sequence

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from profile_api.graph.arguments import Values

Selections = Sequence[SelectionSetNode]
Ask = Callable[[Callable[[Values], Hashable]], Hashable]


class Collector:
    """Collects fields of one operation. `ask` answers a question about the variables, and remembers that it did."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], ask: Ask) -> None:
        self._schema = schema
        self._fragments = fragments
        self._ask = ask

    def collect(self, type_: GraphQLObjectType, selections: Selections) -> dict[str, list[FieldNode]]:
        """The nodes of each response key, in the order of their first appearance."""
        fields: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in selections:
            self._collect_into(type_, selection_set, fields, visited)
        return fields

    def _collect_into(
        self,
        type_: GraphQLObjectType,
        selection_set: SelectionSetNode,
        fields: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for selection in selection_set.selections:
            if not self._included(selection.directives):
                continue
            match selection:
                case FieldNode():
                    key = selection.alias.value if selection.alias else selection.name.value
                    fields.setdefault(key, []).append(selection)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    if condition is None or self._applies(type_, condition.name.value):
                        self._collect_into(type_, selection.selection_set, fields, visited)
                case FragmentSpreadNode():
                    name = selection.name.value
                    fragment = self._fragments[name]
                    if name not in visited and self._applies(type_, fragment.type_condition.name.value):
                        visited.add(name)
                        self._collect_into(type_, fragment.selection_set, fields, visited)

    def _applies(self, type_: GraphQLObjectType, condition: str) -> bool:
        if condition == type_.name:
            return True
        conditional = self._schema.type_map[condition]
        return is_abstract_type(conditional) and self._schema.is_sub_type(conditional, type_)

    def _included(self, directives: Sequence[DirectiveNode] | None) -> bool:
        for directive in directives or ():
            name = directive.name.value
            if name not in ("skip", "include"):
                continue
            node = (directive.arguments or ())[0].value
            if isinstance(node, VariableNode):
                met = bool(self._ask(_truth_of(node.name.value)))
            else:
                met = bool(getattr(node, "value", False))
            if met == (name == "skip"):
                return False
        return True


def _truth_of(variable: str) -> Callable[[Values], Hashable]:
    return lambda values: bool(values.get(variable))
