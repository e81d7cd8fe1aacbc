"""From query text to plan: parsed, validated and planned off the event loop, kept in a bounded cache."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    parse,
    validate,
)

from profile_api.graph.arguments import Values
from profile_api.graph.catalogue import Catalogue
from profile_api.graph.cost import Cost, cost_of
from profile_api.graph.errors import InvalidOperationError, located
from profile_api.graph.limits import check_document_limits
from profile_api.graph.literals import Lifting, Skeleton, find_skeleton, lift
from profile_api.graph.plan import Plan
from profile_api.graph.planner import Planner
from profile_api.graph.request import (
    AnswerKind,
    Caller,
    ErrorCode,
    GraphQLRequest,
    OperationKind,
    Scope,
)
from profile_api.graph.validation import Rule, errors_in, is_plainly_valid
from profile_api.graph.variables import VariableCoercer

MOST_TOKENS = 15_000
_MOST_SHAPES = 64  # plans kept per document; variables of more shapes are planned again


@dataclass(slots=True)
class _Shapes:
    """The plans of one document by what was found out about the variables, question by question."""

    read: Callable[[Values], Hashable] | None = None
    branches: dict[Hashable, "_Shapes"] = field(default_factory=dict)
    plan: Plan | None = None

    def find(self, values: Values) -> Plan | None:
        node: _Shapes | None = self
        while node is not None and node.plan is None:
            if node.read is None:
                return None
            node = node.branches.get(node.read(values))
        return node.plan if node is not None else None

    def add(self, planner: Planner, plan: Plan) -> None:
        node = self
        for probe in planner.probes.asked:
            node.read = probe.read
            node = node.branches.setdefault(probe.found, _Shapes())
        node.plan = plan


@dataclass(slots=True)
class Document:
    """A validated operation and its plans for one set of scopes."""

    kind: OperationKind
    operation: OperationDefinitionNode
    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    coerce: VariableCoercer
    coerce_literals: VariableCoercer
    lifting: Lifting | None
    granted: frozenset[Scope]
    cost: Cost
    scopes: frozenset[Scope]
    _shapes: _Shapes = field(default_factory=_Shapes)
    _shape_count: int = 0

    def find_plan(self, values: Values) -> Plan | None:
        return self._shapes.find(values)

    def plan(self, catalogue: Catalogue, values: Values) -> Plan:
        """The plan for variables of a shape not met before; the planning thread may have just met it."""
        found = self.find_plan(values)
        if found is not None:
            return found
        planner = Planner(catalogue, self.fragments, values, self.granted)
        plan = planner.plan(self.operation)
        if self._shape_count >= _MOST_SHAPES:
            self._shapes, self._shape_count = _Shapes(), 0
        self._shapes.add(planner, plan)
        self._shape_count += 1
        return plan

    def typed_plan(self, catalogue: Catalogue, values: Values, *, only: str | None = None) -> Plan:
        """The plan whose answer tells the full finisher every object's type; of one root field if asked."""
        planner = Planner(catalogue, self.fragments, values, self.granted, typed=True)
        return planner.plan(self.operation, only=only)

    def root_fields(self, catalogue: Catalogue, values: Values) -> dict[str, list[FieldNode]]:
        """The fields asked at the root, by response key."""
        planner = Planner(catalogue, self.fragments, values, self.granted)
        return planner.collect(catalogue.root_type(self.operation.operation), [self.operation.selection_set])


@dataclass(frozen=True, slots=True)
class Found:
    """A document for one query text: the literals lifted out of that text, as they came and as they are read."""

    document: Document
    raw_literals: Mapping[str, Any] = field(default_factory=dict)
    literals: Values = field(default_factory=dict)

    def raw(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables as graphql-core would be given them: the client's own and the lifted literals."""
        return {**variables, **self.raw_literals} if self.raw_literals else variables

    def coerce(self, variables: Mapping[str, Any]) -> Values:
        """The values of one request. Errors: InvalidOperationError."""
        values = self.document.coerce(variables)
        return {**self.literals, **values} if self.literals else values


class Documents:
    """The documents in use, the least recently used dropped first.

    `_texts` is cheap and may be flooded by texts that differ in their literals; what is dear is kept by skeleton.
    """

    def __init__(self, catalogue: Catalogue, *, capacity: int = 1000, rules: tuple[Rule, ...] = ()) -> None:
        self._catalogue = catalogue
        self._capacity = capacity
        self._rules = rules
        self._texts: OrderedDict[Hashable, Found] = OrderedDict()
        self._skeletons: OrderedDict[Hashable, Document] = OrderedDict()  # used by the planning thread alone
        self._making: dict[Hashable, asyncio.Future[Found]] = {}
        # One thread: planning is pure Python, so more would only take turns, and a flood waits here, not on the loop.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plan")

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def warm_up(self) -> None:
        """Builds the schema and fills the libraries' own caches, off the event loop."""
        request = GraphQLRequest(query='{ customer(id: "cus_1") { id lifecycle { stage } } }')
        warm = Caller(tenant_id=0, subject="warm-up", scopes=frozenset(Scope))
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._make, request, warm)
        await loop.run_in_executor(self._thread, found.document.plan, self._catalogue, found.coerce({}))

    def find(self, request: GraphQLRequest, caller: Caller) -> Found | None:
        key = (request.query, request.operation_name, caller.scopes)
        found = self._texts.get(key)
        if found is not None:
            self._texts.move_to_end(key)
        return found

    async def get(self, request: GraphQLRequest, caller: Caller) -> Found:
        """The validated document, from the cache or made now. Errors: GraphError."""
        found = self.find(request, caller)
        if found is not None:
            return found
        key = (request.query, request.operation_name, caller.scopes)
        making = self._making.get(key)
        if making is None:  # whoever asks for the same meanwhile waits for the same
            making = asyncio.get_running_loop().run_in_executor(self._thread, self._make, request, caller)
            self._making[key] = making
            making.add_done_callback(lambda made: self._made(key, made))
        return await asyncio.shield(making)

    def _made(self, key: Hashable, made: "asyncio.Future[Found]") -> None:
        del self._making[key]
        if made.cancelled() or made.exception() is not None:
            return
        self._texts[key] = made.result()
        if len(self._texts) > self._capacity:
            self._texts.popitem(last=False)

    async def plan(self, document: Document, values: Values) -> Plan:
        """The plan for these variables, from the document or made now. Errors: GraphError."""
        found = document.find_plan(values)
        if found is not None:
            return found
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, document.plan, self._catalogue, values)

    def _make(self, request: GraphQLRequest, caller: Caller) -> Found:
        """By its skeleton when that is known, else from scratch; then its skeleton is known. Errors: GraphError."""
        skeleton = find_skeleton(request.query)
        key = (skeleton.text, request.operation_name, caller.scopes) if skeleton else None
        known = self._skeletons.get(key)
        if known is not None and skeleton is not None:
            self._skeletons.move_to_end(key)
            found = _with_literals(known, skeleton)
            if found is not None:
                return found
        ast = self._valid(_parsed(request.query))
        lifting = lift(ast, request.operation_name, self._catalogue.schema, skeleton) if skeleton else None
        if lifting is None or skeleton is None or not self._is_valid(lifting.document):
            return Found(self._document(ast, request.operation_name, caller, None))
        document = self._document(lifting.document, request.operation_name, caller, lifting)
        found = _with_literals(document, skeleton)
        if found is None:
            return Found(self._document(ast, request.operation_name, caller, None))
        self._skeletons[key] = document
        if len(self._skeletons) > self._capacity:
            self._skeletons.popitem(last=False)
        return found

    def _valid(self, ast: DocumentNode) -> DocumentNode:
        check_document_limits(ast)
        errors = errors_in(self._catalogue.schema, ast, self._rules)
        if errors:
            raise InvalidOperationError([located(error, ErrorCode.VALIDATION_FAILED) for error in errors])
        return ast

    def _is_valid(self, ast: DocumentNode) -> bool:
        """Whether the lifted document is valid, too: fields merged because their literals are equal no longer are."""
        schema = self._catalogue.schema
        return is_plainly_valid(schema, ast) or not validate(
            schema, ast, [OverlappingFieldsCanBeMergedRule], max_errors=1
        )

    def _document(self, ast: DocumentNode, name: str | None, caller: Caller, lifting: Lifting | None) -> Document:
        operation = _operation(ast, name)
        fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
        definitions = tuple(operation.variable_definitions or ())
        own = len(definitions) - (len(lifting.lifted) if lifting else 0)
        schema = self._catalogue.schema
        return Document(
            kind=OperationKind(operation.operation.value),
            operation=operation,
            ast=ast,
            fragments=fragments,
            coerce=VariableCoercer(schema, definitions[:own]),
            coerce_literals=VariableCoercer(schema, definitions[own:]),
            lifting=lifting,
            granted=caller.scopes,
            cost=cost_of(operation, fragments),
            scopes=self._catalogue.scopes_of(operation, fragments),
        )


def _parsed(query: str) -> DocumentNode:
    try:
        return parse(query, max_lexical_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
    except GraphQLError as error:
        raise InvalidOperationError([located(error, ErrorCode.PARSE_FAILED)], kind=AnswerKind.UNPARSABLE) from error
    except RecursionError as error:
        too_deep = GraphQLError("the document is nested too deeply")
        raise InvalidOperationError([located(too_deep, ErrorCode.LIMIT_EXCEEDED)]) from error


def _with_literals(document: Document, skeleton: Skeleton) -> Found | None:
    """The document with the literals of one text; None when they do not fit, for the thorough way to say why."""
    raw = document.lifting.variables(skeleton.literals) if document.lifting else None
    if raw is None:
        return None
    try:
        return Found(document, raw, document.coerce_literals(raw))
    except InvalidOperationError:
        return None


def _operation(ast: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    if name:
        operations = [node for node in operations if node.name is not None and node.name.value == name]
    if len(operations) == 1:
        return operations[0]
    problem = f"the document has no operation named {name!r}" if name else "name one of the document's operations"
    raise InvalidOperationError([located(GraphQLError(problem), ErrorCode.BAD_OPERATION)])
