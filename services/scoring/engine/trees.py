"""LightGBM's trees as Python sees them once loaded: numerical splits on paths to constant leaves, or a refusal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightgbm import Booster

Node = dict[str, Any]


class UnsupportedTreesError(ValueError):
    """These trees need LightGBM's own code."""


def roots_of(booster: "Booster") -> list[Node]:
    """Each tree's root."""
    return [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]


def is_split(node: Node) -> bool:
    """Whether the node asks something; a leaf otherwise. Raises UnsupportedTreesError for what cannot be read here."""
    if "split_index" not in node:
        if "leaf_const" in node or "leaf_coeff" in node:
            raise UnsupportedTreesError("the leaves are linear")
        return False
    if node["decision_type"] != "<=" or node["missing_type"] not in ("None", "NaN"):
        raise UnsupportedTreesError("a split is not a numerical one")
    return True


def sends_missing_left(node: Node) -> bool:
    """Where a split sends NaN."""
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return float(node["threshold"]) >= 0.0  # without missing values in training, LightGBM reads 0
