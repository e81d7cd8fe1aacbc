"""Where features are computed, trees are grown and customers are scored: on this machine, unless told otherwise."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.data.pieces import in_order, pieces
from training.data.snapshot import Snapshot
from training.data.vectors import piece_features

if TYPE_CHECKING:
    from lightgbm import Booster

Item = TypeVar("Item")
Result = TypeVar("Result")

FeatureSource = Callable[[], pa.Table]
"""Gives customer_id, as_of and all features of some consecutive rows of a spine; can be sent to another process."""

MAX_BIN = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one booster is grown from; `start` is the score that every row starts from."""

    inputs: npt.NDArray[np.float32]
    label: npt.NDArray[np.float64]
    start: npt.NDArray[np.float64] | None
    names: list[str]
    parameters: Mapping[str, Any]
    trees: int


class Engine(Protocol):
    """What training and prediction need done."""

    def sources(self, snapshot: Snapshot, spine: pa.Table) -> Iterable[FeatureSource]:
        """The features of the spine's rows, in the spine's order, as parts of bounded size."""

    def in_order(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The function of each item, several at once, in the items' order; few results wait at any time."""

    def grow(self, growth: Growth) -> "Booster":
        """A booster; may be called from several threads."""


class LocalEngine:
    """The cores of this machine."""

    def sources(self, snapshot: Snapshot, spine: pa.Table) -> Iterable[FeatureSource]:
        return (partial(piece_features, snapshot, piece) for piece in pieces(snapshot, spine))

    def in_order(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return in_order(function, items)

    def grow(self, growth: Growth) -> "Booster":
        from lightgbm import Dataset, train

        parameters = {"max_bin": MAX_BIN, "num_threads": 1, "verbose": -1}
        data = Dataset(
            growth.inputs, label=growth.label, init_score=growth.start, feature_name=growth.names, params=parameters
        )
        return train(dict(growth.parameters), data, growth.trees)


LOCAL = LocalEngine()
