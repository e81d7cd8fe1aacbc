"""Raw scores straight from LightGBM's library: what `Booster.predict` does, without its tenth of a millisecond a call.

`Booster.predict` copies its parameters, asks for sizes and checks types anew each time; a request for one customer
would spend most of its time there. This calls the same C function with what is known since loading.
"""

import ctypes
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from lightgbm.basic import _LIB, _safe_call  # type: ignore[attr-defined]

from scoring.engine.btyd import Floats

if TYPE_CHECKING:
    from lightgbm import Booster

_FLOAT32, _RAW_SCORE, _ROW_MAJOR, _FIRST_TREE, _ALL_TREES = 0, 1, 1, 0, -1


class RawScores:
    """Predicts with one booster. Thread-safe: LightGBM locks the booster for readers itself."""

    def __init__(self, booster: "Booster") -> None:
        self._booster = booster  # keeps the handle alive
        self._handle = booster._handle
        self._width = booster.num_feature()

    def __call__(self, inputs: npt.NDArray[np.float32], *, threads: int = 1) -> Floats:
        """(rows,): log-odds, or the log of the expectation, of rows in C order."""
        rows = len(inputs)
        answer = np.empty(rows, dtype=np.float64)
        if not rows:
            return answer
        if inputs.dtype != np.float32 or inputs.shape[1] != self._width or not inputs.flags.c_contiguous:
            raise ValueError(
                f"found {inputs.dtype} inputs of shape {inputs.shape}, expected float32 (rows, {self._width})"
            )
        length = ctypes.c_int64(0)
        _safe_call(
            _LIB.LGBM_BoosterPredictForMat(
                self._handle,
                inputs.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_int(_FLOAT32),
                ctypes.c_int32(rows),
                ctypes.c_int32(self._width),
                ctypes.c_int(_ROW_MAJOR),
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(_FIRST_TREE),
                ctypes.c_int(_ALL_TREES),
                b"num_threads=1" if threads == 1 else f"num_threads={threads}".encode(),
                ctypes.byref(length),
                answer.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            )
        )
        return answer
