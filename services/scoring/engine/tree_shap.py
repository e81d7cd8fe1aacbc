"""Exact SHAP values of LightGBM trees, the same as `pred_contrib` gives, several times cheaper.

Along the path to a leaf a row meets, for each feature j on it, all conditions (s_j = 1) or not (s_j = 0); p_j is the
share of the training rows that do. The leaf pays v * prod(s_j or p_j), a product game, and its Shapley values are the
integral over u from 0 to 1 of v * (s_j - p_j) * prod_{i != j}(p_i + u (s_i - p_i)) (Owen 1972): a polynomial, which
Gauss-Legendre integrates exactly. They depend on the row only by the bits s, so they are tabulated per leaf and set of
bits when the model is loaded (the idea of Fast TreeSHAP v2, Yang 2021), and explaining a row is looking up its bits.

Requires numerical splits, constant leaves, and tables of bounded size: otherwise UnsupportedTreesError, and
`pred_contrib` is the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.engine.btyd import Floats

if TYPE_CHECKING:
    from lightgbm import Booster

MOST_TABLE_ENTRIES = 8_000_000  # 64 MB
_MOST_FEATURES_OF_A_PATH = 16


@dataclass(slots=True)
class _Condition:
    """What a path asks of one feature: low < x <= high, or, of a missing value, `takes_missing`."""

    low: float = -np.inf
    high: float = np.inf
    takes_missing: bool = True
    share: float = 1.0


class UnsupportedTreesError(ValueError):
    """These trees need LightGBM's own `pred_contrib`."""


class TreeShap:
    """The tables of one booster. `static` features stay the same over all rows of a grid, those after them vary."""

    def __init__(self, booster: "Booster", *, static: int) -> None:
        model = booster.dump_model()
        self.width: int = model["max_feature_idx"] + 1
        self.static = static
        self.expected = 0.0
        leaves = []
        for tree in model["tree_info"]:
            root = tree["tree_structure"]
            self.expected += _mean(root)
            leaves += list(_leaves(root, {}))
        self._tabulate(leaves)

    def contributions(self, inputs: npt.NDArray[np.float32]) -> Floats:
        """(rows, features + 1): SHAP values, then the mean prediction."""
        return self.grid(inputs[:, : self.static], inputs[:, None, self.static :])[:, 0, :]

    def grid(self, inputs: npt.NDArray[np.float32], varying: npt.NDArray[np.float32]) -> Floats:
        """(rows, steps, features + 1) for rows (rows, static) each at several steps (rows, steps, varying)."""
        found = np.zeros((len(inputs), varying.shape[1], self.width + 1))
        found[:, :, -1] = self.expected
        from scoring.engine.tree_shap_kernel import add_contributions  # imports the compiler: only who explains pays

        add_contributions(
            np.ascontiguousarray(inputs), np.ascontiguousarray(varying), self.static, self._starts, self._varies_from,
            self._features, self._low, self._high, self._takes_missing, self._table_starts, self._table, found,
        )  # fmt: skip
        return found

    def _tabulate(self, leaves: list[tuple[float, dict[int, _Condition]]]) -> None:
        sizes = [len(path) for _, path in leaves]
        if sum(size << size for size in sizes) > MOST_TABLE_ENTRIES or max(sizes, default=0) > _MOST_FEATURES_OF_A_PATH:
            raise UnsupportedTreesError("the paths have too many features to tabulate")
        paths = [sorted(path.items()) for _, path in leaves]  # static features before those that vary
        conditions = [condition for path in paths for _, condition in path]
        self._features = np.array([feature for path in paths for feature, _ in path], dtype=np.int64)
        self._low = np.array([condition.low for condition in conditions])
        self._high = np.array([condition.high for condition in conditions])
        self._takes_missing = np.array([condition.takes_missing for condition in conditions], dtype=np.bool_)
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._varies_from = np.array(
            [sum(feature < self.static for feature, _ in path) for path in paths], dtype=np.int64
        )
        self._table_starts = np.concatenate([[0], np.cumsum([size << size for size in sizes])]).astype(np.int64)
        self._table = np.zeros(int(self._table_starts[-1]))
        for number, (value, _) in enumerate(leaves):
            shares = np.array([condition.share for _, condition in paths[number]])
            start, end = self._table_starts[number : number + 2]
            self._table[start:end] = _shapley(value, shares).ravel()


def _shapley(value: float, shares: Floats) -> Floats:
    """(2 ** k, k): the Shapley values of each set of satisfied conditions; bit j of the row's number is s_j."""
    size = len(shares)
    if size == 0:
        return np.zeros((1, 0))
    satisfied = (np.arange(1 << size)[:, None] >> np.arange(size)) & 1
    nodes, weights = np.polynomial.legendre.leggauss((size + 1) // 2)
    answer = np.zeros((1 << size, size))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factors = shares + node * (satisfied - shares)
        answer += weight * (factors.prod(axis=1)[:, None] / factors)
    return value * (satisfied - shares) * answer


def _leaves(node: dict[str, Any], path: dict[int, _Condition]) -> Iterator[tuple[float, dict[int, _Condition]]]:
    """Every leaf's value with the conditions on its path, by feature."""
    if "split_index" not in node:
        if "leaf_const" in node or "leaf_coeff" in node:
            raise UnsupportedTreesError("the leaves are linear")
        yield node["leaf_value"], path
        return
    if node["decision_type"] != "<=" or node["missing_type"] not in ("None", "NaN"):
        raise UnsupportedTreesError("a split is not a numerical one")
    for is_left, child in ((True, node["left_child"]), (False, node["right_child"])):
        share = _count(child) / _count(node)
        if share <= 0.0:
            raise UnsupportedTreesError("a branch was never taken in training")
        yield from _leaves(child, _extended(path, node, is_left=is_left, share=share))


def _extended(
    path: dict[int, _Condition], node: dict[str, Any], *, is_left: bool, share: float
) -> dict[int, _Condition]:
    feature, threshold = int(node["split_feature"]), float(node["threshold"])
    known = path.get(feature, _Condition())
    if node["missing_type"] == "NaN":
        missing_comes_here = bool(node["default_left"]) == is_left
    else:
        missing_comes_here = (threshold >= 0.0) == is_left  # without missing values in training, LightGBM reads 0
    condition = _Condition(
        low=known.low if is_left else max(known.low, threshold),
        high=min(known.high, threshold) if is_left else known.high,
        takes_missing=known.takes_missing and missing_comes_here,
        share=known.share * share,
    )
    return {**path, feature: condition}


def _count(node: dict[str, Any]) -> float:
    return float(node["internal_count"] if "split_index" in node else node["leaf_count"])


def _mean(root: dict[str, Any]) -> float:
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
