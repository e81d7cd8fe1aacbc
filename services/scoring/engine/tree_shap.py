"""Exact SHAP values of LightGBM trees, the same as `pred_contrib` gives, many times cheaper.

Along the path to a leaf a row meets, for each feature j on it, all conditions (s_j = 1) or not (s_j = 0); p_j is the
share of the training rows that do. The leaf pays v * prod(s_j or p_j), a product game, and its Shapley values are the
integral over u from 0 to 1 of v * (s_j - p_j) * prod_{i != j}(p_i + u (s_i - p_i)) (Owen 1972): a polynomial, which
Gauss-Legendre integrates exactly. They depend on the row only by the bits s, so they are tabulated per leaf and set of
bits when the model is loaded (the idea of Fast TreeSHAP v2, Yang 2021), and explaining a row is looking up its bits.

Requires numerical splits, constant leaves, and tables of bounded size: otherwise UnsupportedTreesError, and
`pred_contrib` is the way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.design import Inputs
from scoring.engine.tree_shap_kernel import (
    CONDITION,
    LEAF,
    MOST_DATED,
    Places,
    Tables,
    pass_time,
    weigh,
)
from scoring.engine.trees import Node, UnsupportedTreesError, is_split, roots_of, sends_missing_left

if TYPE_CHECKING:
    from lightgbm import Booster

MOST_TABLE_ENTRIES = 8_000_000  # 64 MB
_MOST_FEATURES_OF_A_PATH = 16


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a path asks of one feature: low < x <= high, or, of a missing value, `missing`; `share` of rows meet it."""

    low: float = -np.inf
    high: float = np.inf
    missing: bool = True
    share: float = 1.0


_Path = list[tuple[int, _Condition]]  # by feature


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedContributions:
    """Contributions of customers at several dates.

    `passing` (rows, dates) is the mean prediction and what the date inputs contribute but those kept. `weighted`
    takes a weight per row and date, and gives (rows, static + kept): the customers' inputs', then those of the inputs
    kept, each the weighted sum over the dates.
    """

    passing: Floats
    weighted: Callable[[Floats], Floats]


class TreeShap:
    """The tables of one booster. Inputs from `static` on tell the date."""

    def __init__(self, booster: "Booster", *, static: int) -> None:
        self.expected = 0.0
        leaves: list[tuple[float, _Path]] = []
        for root in roots_of(booster):
            self.expected += _mean(root)
            leaves += [(value, sorted(path.items())) for value, path in _leaves(root, {})]
        self._tables = _tables(leaves, static)

    def over_dates(self, inputs: Inputs, dates: Inputs, *, kept: Sequence[int]) -> "DatedContributions":
        """Of customers (rows, static) each at several dates (rows, dates, inputs); `kept` counts all inputs."""
        answers = np.empty((len(inputs), len(self._tables.questions)), dtype=np.uint64)
        bits = np.empty((len(self._tables.leaves), len(inputs)), dtype=np.uint16)
        passing = np.full(dates.shape[:2], self.expected)
        static = self._tables.static
        places = _places(static, dates.shape[2], tuple(kept))
        pass_time(self._tables, np.ascontiguousarray(inputs), dates, places, answers, bits, passing)

        def weighted(weights: Floats) -> Floats:
            found = np.zeros((len(inputs), static + len(kept)))
            weigh(self._tables, answers, bits, weights, places, found)
            return found

        return DatedContributions(passing=passing, weighted=weighted)


@cache
def _places(static: int, width: int, kept: tuple[int, ...]) -> Places:
    """Of so many date inputs: those kept come after the customers' inputs. There are as many as kinds of models."""
    places = np.full(width, -1)
    places[np.asarray(kept, dtype=np.int64) - static] = np.arange(static, static + len(kept))
    return places


def _tables(leaves: list[tuple[float, _Path]], static: int) -> Tables:
    sizes = [len(path) for _, path in leaves]
    if sum(size << size for size in sizes) > MOST_TABLE_ENTRIES or max(sizes, default=0) > _MOST_FEATURES_OF_A_PATH:
        raise UnsupportedTreesError("the paths have too many features to tabulate")
    if any(sum(feature >= static for feature, _ in path) > MOST_DATED for _, path in leaves):
        raise UnsupportedTreesError(f"a path asks of more than {MOST_DATED} inputs that tell the date")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    table_starts = np.concatenate([[0], np.cumsum([size << size for size in sizes])])
    questions: dict[tuple[int, float, float, bool], int] = {}
    conditions, rows, table = [], [], np.zeros(int(table_starts[-1]))
    for number, (value, path) in enumerate(leaves):
        customers = sum(feature < static for feature, _ in path)  # they come before those of the date
        rows.append((starts[number], starts[number] + customers, starts[number + 1], table_starts[number]))
        for feature, asked in path:
            question = -1
            if feature >= static:
                question = questions.setdefault((feature, asked.low, asked.high, asked.missing), len(questions))
            conditions.append((asked.low, asked.high, feature, question, asked.missing))
        shares = np.array([condition.share for _, condition in path])
        table[table_starts[number] : table_starts[number + 1]] = _shapley(value, shares).ravel()
    return Tables(
        static=static,
        leaves=np.array(rows, dtype=LEAF),
        conditions=np.array(conditions, dtype=CONDITION),
        questions=np.array(
            [(low, high, feature - static, -1, missing) for feature, low, high, missing in questions],
            dtype=CONDITION,
        ),
        table=table,
    )


def _shapley(value: float, shares: Floats) -> Floats:
    """(2 ** k, k): the Shapley values of each set of satisfied conditions; bit j of the row's number is s_j."""
    size = len(shares)
    if size == 0:
        return np.zeros((1, 0))
    satisfied = (np.arange(1 << size)[:, None] >> np.arange(size)) & 1
    answer = np.zeros((1 << size, size))
    for node, weight in _quadrature((size + 1) // 2):
        factors = shares + node * (satisfied - shares)
        answer += weight * (factors.prod(axis=1)[:, None] / factors)
    return value * (satisfied - shares) * answer


@cache
def _quadrature(count: int) -> list[tuple[float, float]]:
    """Nodes between 0 and 1 and their weights; there are as many counts as paths have lengths."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return list(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def _leaves(node: Node, path: dict[int, _Condition]) -> Iterator[tuple[float, dict[int, _Condition]]]:
    """Every leaf's value with the conditions on its path, by feature."""
    if not is_split(node):
        yield float(node["leaf_value"]), path
        return
    for is_left, child in ((True, node["left_child"]), (False, node["right_child"])):
        share = _count(child) / _count(node)
        if share <= 0.0:
            raise UnsupportedTreesError("a branch was never taken in training")
        yield from _leaves(child, _extended(path, node, is_left=is_left, share=share))


def _extended(path: dict[int, _Condition], node: Node, *, is_left: bool, share: float) -> dict[int, _Condition]:
    feature, threshold = int(node["split_feature"]), float(node["threshold"])
    known = path.get(feature, _Condition())
    condition = _Condition(
        low=known.low if is_left else max(known.low, threshold),
        high=min(known.high, threshold) if is_left else known.high,
        missing=known.missing and sends_missing_left(node) == is_left,
        share=known.share * share,
    )
    return {**path, feature: condition}


def _count(node: Node) -> float:
    return float(node["internal_count"] if "split_index" in node else node["leaf_count"])


def _mean(root: Node) -> float:
    """The mean prediction of one tree over its training rows."""
    if "split_index" not in root:
        return float(root["leaf_value"])
    total, stack = 0.0, [root]
    while stack:
        node = stack.pop()
        if "split_index" in node:
            stack += [node["left_child"], node["right_child"]]
        else:
            total += float(node["leaf_value"]) * float(node["leaf_count"])
    return total / _count(root)
