"""The generated operations reach all of the read side, so that what holds for them holds for the schema."""

from collections import Counter
from random import Random

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NullValueNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_input_object_type,
    parse,
    visit,
)

from profile_api.graph.schema import catalogue
from tests.integration.graph.operations import operation

# What a root or an argument of writing and listening, or of federation's own description, may not be asked in a query.
_ELSEWHERE = ("Mutation", "Subscription", "_Service", "CustomerChange", "StageChange")
_FORMS = {
    *("alias", "the same field twice", "null", "variable", "variable with a default", "variable inside an object"),
    *("fragment on an object", "fragment on an interface", "fragment on a union", "inline fragment without a type"),
    *("directive on a field", "directive on a spread", "directive on an inline fragment", "@skip", "@include"),
}


class _Reached(Visitor):
    """Counts what a document asks for."""

    def __init__(self, info: TypeInfo, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info, self.schema = info, schema
        self.seen: Counter[str] = Counter()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self.info.get_parent_type()
        assert parent is not None
        for type_ in self.schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]:
            self.seen[f"{type_.name}.{node.name.value}"] += 1
        self._directives(node, "a field")
        if node.alias is not None:
            self.seen["alias"] += 1

    def enter_selection_set(self, node: object, *_: object) -> None:
        fields = [one for one in getattr(node, "selections", ()) if isinstance(one, FieldNode)]
        keys = Counter((one.alias or one.name).value for one in fields)
        self.seen["the same field twice"] += sum(count > 1 for count in keys.values())

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        parent, declared = self.info.get_parent_type(), self.info.get_field_def()
        if self.info.get_directive() is None and parent is not None and declared is not None:
            assert declared.ast_node is not None
            self.seen[f"{parent.name}.{declared.ast_node.name.value}({node.name.value})"] += 1
            self.seen["variable"] += isinstance(node.value, VariableNode)
            self.seen["null"] += isinstance(node.value, NullValueNode)

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
        parent = get_named_type(self.info.get_parent_input_type())
        if is_input_object_type(parent):
            self.seen[f"{parent.name}.{node.name.value}"] += 1
        self.seen["variable inside an object"] += isinstance(node.value, VariableNode)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        own = node.variable.name.value not in ("yes", "no")
        self.seen["variable with a default"] += own and node.default_value is not None

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> None:
        on = self.schema.type_map[node.type_condition.name.value]
        kind = "an object" if isinstance(on, GraphQLObjectType) else "a union" if on.name[0] == "_" else "an interface"
        self.seen[f"fragment on {kind}"] += 1

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self._directives(node, "a spread")

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
        self._directives(node, "an inline fragment")
        self.seen["inline fragment without a type"] += node.type_condition is None

    def _directives(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode, where: str) -> None:
        for directive in node.directives or ():
            self.seen[f"directive on {where}"] += 1
            self.seen[f"@{directive.name.value}"] += 1


def _all_there_is(schema: GraphQLSchema) -> set[str]:
    wanted = set(_FORMS)
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith(("__", *_ELSEWHERE)):
            continue
        if type_.name.endswith("Payload"):
            continue
        for name, declared in type_.fields.items():
            if name == "_service":
                continue
            wanted.add(f"{type_.name}.{name}")
            wanted |= {f"{type_.name}.{name}({argument})" for argument in declared.args}
    inputs = ("CustomerFilter", "CustomerOrder", "IdentityInput", "AmountRange", "FloatRange", "DateTimeRange")
    wanted |= {f"{name}.{key}" for name in inputs for key in getattr(schema.type_map[name], "fields", ())}
    return wanted


def test_generated_operations_reach_every_field_argument_and_form() -> None:
    schema = catalogue().schema
    wanted = _all_there_is(schema)
    seen: Counter[str] = Counter()

    for seed in range(2_000):
        info = TypeInfo(schema)
        reached = _Reached(info, schema)
        visit(parse(operation(schema, Random(seed)).query), TypeInfoVisitor(info, reached))
        seen.update(reached.seen)
    assert {one for one in wanted if not seen[one]} == set()


def test_there_is_something_to_reach() -> None:
    assert len(_all_there_is(catalogue().schema)) > 300
