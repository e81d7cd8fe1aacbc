"""How much work goes into training, and where it is done: sizes and LightGBM parameters, full or quick; the engine."""

from dataclasses import dataclass, field, fields
from typing import Any

from training.data.engine import LOCAL, Engine

PACE = "pace"
"""An override that is none of LightGBM's: how far the trees go, in parts of the rate that their number gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`spine_rows` bounds the (customer, cutoff) pairs. The hazard is the mean of so many boosters (`hazards`), each of
    `hazard_trees` trees and at most `hazard_rows` (pair, interval) examples of its own; likewise the value."""

    spine_rows: int = 120_000
    hazard_rows: int = 300_000
    value_rows: int = 150_000
    hazards: int = 4
    hazard_trees: int = 80
    values: int = 2
    value_trees: int = 75
    loyalty_trees: int = 60
    threads: int = 2  # boosters grown at once, each in one thread: cheaper than one booster in several
    overrides: dict[str, float] = field(default_factory=dict)
    engine: Engine = LOCAL

    def facts(self) -> dict[str, Any]:
        """What a run is described by: all but where it was done."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "engine"}

    def hazard_parameters(self, seed: int) -> dict[str, Any]:
        return self._parameters(
            seed, objective="binary", learning_rate=_pace(self.hazard_trees, 7.5), min_data_in_leaf=200, lambda_l2=10.0
        )

    def loyalty_parameters(self, seed: int) -> dict[str, Any]:
        return self._parameters(
            seed, objective="binary", num_leaves=7, learning_rate=0.05, min_data_in_leaf=50, lambda_l2=10.0
        )

    def value_parameters(self, seed: int) -> dict[str, Any]:
        return self._parameters(
            seed, objective="tweedie", tweedie_variance_power=1.3, learning_rate=_pace(self.value_trees, 6.0),
            min_data_in_leaf=200, lambda_l2=5.0,
        )  # fmt: skip

    def _parameters(self, seed: int, **own: Any) -> dict[str, Any]:
        shared = {
            "num_leaves": 15, "feature_fraction": 0.4, "bagging_fraction": 0.5, "bagging_freq": 1, "seed": seed,
            "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbose": -1,
        }  # fmt: skip
        given = {**shared, **own, **self.overrides}
        pace = given.pop(PACE, 1.0)
        return {**given, "learning_rate": given["learning_rate"] * pace}


def _pace(trees: int, distance: float) -> float:
    """Fewer trees go further each, about as far in all."""
    return min(distance / trees, 0.5)


FULL = Recipe()
QUICK = Recipe(
    spine_rows=60_000, hazard_rows=120_000, value_rows=60_000, hazards=2, hazard_trees=64, values=1, value_trees=80
)
