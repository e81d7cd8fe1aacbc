"""How large a document may be once its fragments are spread: measured in one pass, each fragment once.

Without memory per fragment, twenty fragments that each spread the next one twice are a million visits; here they are
twenty. The limits are checked before validation, whose own cost grows with the same figures.
"""

from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from profile_api.graph.errors import InvalidOperationError, located
from profile_api.graph.request import ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """The most a document may hold; per operation, with fragments spread, where not said otherwise."""

    depth: int = 24
    fields: int = 3_000
    aliases: int = 300
    directives: int = 300
    directives_in_one_place: int = 8
    fragments: int = 200  # definitions in the document
    operations: int = 50  # definitions in the document


DOCUMENT_LIMITS: Final = DocumentLimits()


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


_NOTHING: Final = _Size()


def check_document_limits(document: DocumentNode, limits: DocumentLimits = DOCUMENT_LIMITS) -> None:
    """Raises `InvalidOperationError` (LIMIT_EXCEEDED) when the document is larger than allowed."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    _check(len(fragments), limits.fragments, "fragments")
    _check(len(operations), limits.operations, "operations")
    measure = _Measure(fragments, limits)
    for operation in operations:
        size = measure.of(operation.selection_set)
        _check(size.depth, limits.depth, "levels")
        _check(size.fields, limits.fields, "fields")
        _check(size.aliases, limits.aliases, "aliases")
        _check(size.directives + len(operation.directives or ()), limits.directives, "directives")


class _Measure:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode], limits: DocumentLimits) -> None:
        self._fragments = fragments
        self._limits = limits
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def of(self, selection_set: SelectionSetNode | None, level: int = 0) -> _Size:
        if selection_set is None:
            return _NOTHING
        _check(level, self._limits.depth, "levels")
        total = _NOTHING
        for selection in selection_set.selections:
            placed = len(selection.directives or ())
            _check(placed, self._limits.directives_in_one_place, "directives in one place")
            if isinstance(selection, FieldNode):
                inner = self.of(selection.selection_set, level + 1)
                alias = int(selection.alias is not None)
                size = _Size(inner.depth + 1, inner.fields + 1, inner.aliases + alias, inner.directives + placed)
            else:
                if isinstance(selection, FragmentSpreadNode):
                    inner = self._of_fragment(selection.name.value)
                else:
                    inner = self.of(selection.selection_set, level + 1)  # type: ignore[attr-defined]
                size = _Size(inner.depth, inner.fields, inner.aliases, inner.directives + placed)
            total = total.beside(size)
        return total

    def _of_fragment(self, name: str) -> _Size:
        known = self._known.get(name)
        if known is not None:
            return known
        fragment = self._fragments.get(name)
        if fragment is None or name in self._open:
            return _NOTHING  # unknown or cyclic: validation says so, with the place
        self._open.add(name)
        size = self._known[name] = self.of(fragment.selection_set)
        self._open.discard(name)
        return size


def _check(found: int, most: int, what: str) -> None:
    if found > most:
        error = GraphQLError(f"the document has more than {most} {what}; ask for less, or in several requests")
        raise InvalidOperationError([located(error, ErrorCode.LIMIT_EXCEEDED)])
