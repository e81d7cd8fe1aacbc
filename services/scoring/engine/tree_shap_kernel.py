"""The inner loop of `tree_shap`, compiled when it is first needed: some two seconds, once per process."""

import numba
import numpy as np
import numpy.typing as npt

Single = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flag = npt.NDArray[np.bool_]


@numba.njit(nogil=True)  # type: ignore[misc, unused-ignore]
def add_contributions(
    inputs: Single, varying: Single, static: int, starts: Whole, varies_from: Whole, features: Whole, low: Double,
    high: Double, takes_missing: Flag, table_starts: Whole, table: Double, found: Double,
) -> None:  # fmt: skip
    """Adds each leaf's tabulated contributions to `found` (rows, steps, features + 1).

    The bits of the static features are the same at every step of a row, so they are looked at once.
    """
    rows, steps = inputs.shape[0], varying.shape[1]
    for row in range(rows):
        for leaf in range(len(starts) - 1):
            start, end = starts[leaf], starts[leaf + 1]
            size = end - start
            split = start + varies_from[leaf]
            static_bits = 0
            for at in range(start, split):
                value = inputs[row, features[at]]
                held = ((low[at] < value) & (value <= high[at])) | ((value != value) & takes_missing[at])
                static_bits |= np.int64(held) << (at - start)
            for step in range(steps):
                bits = static_bits
                for at in range(split, end):
                    value = varying[row, step, features[at] - static]
                    held = ((low[at] < value) & (value <= high[at])) | ((value != value) & takes_missing[at])
                    bits |= np.int64(held) << (at - start)
                entry = table_starts[leaf] + bits * size
                for at in range(start, end):
                    found[row, step, features[at]] += table[entry + at - start]
