"""Boosters as flat arrays that a compiled loop can walk for one customer at many target dates at once.

The inputs of a customer are the same at every target date but for the few that tell the date. So a tree is walked once
with the set of all dates: a split on the customer's own inputs sends the whole set one way, only a split on the date
divides it. The sets are the bits of one word, which bounds the dates of a grid. What is asked about the date is
answered once a day, but for what counts from the customer's own due day.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.engine.btyd import Floats
from scoring.engine.design import TARGET_INPUTS
from scoring.engine.trees import Node, UnsupportedTreesError, is_split, roots_of, sends_missing_left

if TYPE_CHECKING:
    from lightgbm import Booster

MOST_DATES = 64
DEEPEST = 64
"""Splits on the date that one path may hold: what the walk keeps room for."""

Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Records = npt.NDArray[Any]
Record = Any  # one of Records, as compiled code sees it: its fields are attributes


NODE = np.dtype(
    [
        ("threshold", np.float32),
        ("asks", np.int32),
        ("left", np.int32),
        ("right", np.int32),
        ("missing_left", np.bool_),
    ],
    align=True,
)
"""A child that is a leaf is `~leaf`. `asks` is an input of the customer, or their count + the number of a question."""

QUESTION = np.dtype([("threshold", np.float32), ("input", np.int32), ("missing_left", np.bool_)], align=True)
"""What splits ask about the date; `input` counts from the first date input. Equal questions are asked once."""


class Forest(NamedTuple):
    """Few arrays, for each costs a tenth of a microsecond per call; `static` is how many inputs the customer has."""

    static: int
    roots: Indices
    nodes: Records
    leaves: Floats
    questions: Records
    own: Indices  # the numbers of those questions whose answers are each customer's own


def forest_of(boosters: Sequence["Booster"], *, static: int) -> Forest:
    """The mean of the boosters as one forest; inputs from `static` on tell the date. Raises UnsupportedTreesError."""
    growing = _Growing(static)
    roots = [growing.add(root, weight=1.0 / len(boosters)) for booster in boosters for root in roots_of(booster)]
    own = [number for number, (_, asked, _) in enumerate(growing.questions) if asked >= len(TARGET_INPUTS)]
    return Forest(
        static=static,
        roots=np.array(roots, dtype=np.int32),
        nodes=np.array(growing.nodes, dtype=NODE),
        leaves=np.array(growing.leaves, dtype=np.float64),
        questions=np.array([(threshold, *rest) for threshold, *rest in growing.questions], dtype=QUESTION),
        own=np.array(own, dtype=np.int32),
    )


class _Growing:
    """The lists that become a Forest."""

    def __init__(self, static: int) -> None:
        self._static = static
        self.nodes: list[tuple[np.float32, int, int, int, bool]] = []
        self.leaves: list[float] = []
        self.questions: dict[tuple[np.float32, int, bool], int] = {}

    def add(self, node: Node, *, weight: float, depth: int = 0) -> int:
        """The number of the node; its descendants follow it."""
        if not is_split(node):
            self.leaves.append(float(node["leaf_value"]) * weight)
            return ~(len(self.leaves) - 1)
        if depth >= DEEPEST:
            raise UnsupportedTreesError("a tree is too deep")
        threshold, missing_left = _rounded_down(float(node["threshold"])), sends_missing_left(node)
        asks = int(node["split_feature"])
        if asks >= self._static:
            question = (threshold, asks - self._static, missing_left)
            asks = self._static + self.questions.setdefault(question, len(self.questions))
        number = len(self.nodes)
        self.nodes.append((threshold, asks, 0, 0, missing_left))
        left, right = (
            self.add(child, weight=weight, depth=depth + 1) for child in (node["left_child"], node["right_child"])
        )
        self.nodes[number] = (threshold, asks, left, right, missing_left)
        return number


def _rounded_down(threshold: float) -> np.float32:
    """x <= threshold for a float32 x is x <= the largest float32 that is not above the threshold."""
    with np.errstate(over="ignore"):
        rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))
