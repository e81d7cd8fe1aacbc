"""Places in an answer that are filled after the statement: the mark it leaves at each, and what is put in its stead.

A mark names the part of the plan and the customer, so that the same selection can be read as a statement of its own.
"""

import re
from collections.abc import Mapping

from profile_api.graph.rendering import MARK_IN_JSON, Expression, quoted

Place = tuple[int, int]  # the number of the part in the plan, the customer


class Splice:
    """One kind of place."""

    def __init__(self, kind: str) -> None:
        self._head = f'"{MARK_IN_JSON}{kind}:'
        self._marks = re.compile((re.escape(self._head) + r"(\d+):(\d+)\"").encode())

    def mark(self, part: int, customer: str) -> Expression:
        """The mark, as SQL; `customer` is SQL of the number."""
        return Expression(f"({quoted(f'{self._head}{part}:')} || {customer} || '\"')")

    def places(self, text: bytes) -> list[Place]:
        """Where an answer is marked, each place once."""
        return sorted({(int(part), int(customer)) for part, customer in self._marks.findall(text)})

    def filled(self, text: bytes, parts: Mapping[Place, bytes]) -> bytes:
        """The answer with every mark replaced."""
        return self._marks.sub(lambda mark: parts[int(mark[1]), int(mark[2])], text)
