"""Turns what a caller sent (columns in any order, words, nulls) into the matrix the models were trained on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from customer.contracts.score import FeatureValue
from customer.features.feature import Feature, FeatureType
from scoring.errors import ColumnsError, RowsError, TooManyRowsError

Matrix = npt.NDArray[np.float64]

_MISSING = float("nan")


class VectorReader:
    """Reads rows of one list of features. A null, or a word unknown in training, is NaN: missing, as in training."""

    def __init__(self, features: Sequence[Feature], *, max_rows: int) -> None:
        self.names = [feature.name for feature in features]
        self._known = frozenset(self.names)
        self._max_rows = max_rows
        self._codes = {
            feature.name: {word: float(code) for code, word in enumerate(feature.vocabulary)}
            for feature in features
            if feature.dtype is FeatureType.CATEGORY
        }

    def read(self, columns: Sequence[str], rows: Sequence[list[FeatureValue]]) -> Matrix:
        """The matrix, columns in the order of the features. The words in `rows` are replaced by their codes."""
        if len(rows) > self._max_rows:
            raise TooManyRowsError(found=len(rows), limit=self._max_rows)
        order = self._order(columns)
        for number, row in enumerate(rows):
            if len(row) != len(columns):
                raise RowsError(f"row {number} has {len(row)} values, expected one for each of {len(columns)} columns")
        for position, name in enumerate(columns):
            if name in self._codes:
                self._encode_words(rows, position, name)
        _refuse_words(columns, rows)
        matrix = np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
        _refuse_infinity(columns, matrix)
        return matrix if order is None else np.ascontiguousarray(matrix[:, order])

    def _order(self, columns: Sequence[str]) -> list[int] | None:
        """Where each feature stands among `columns`; None when they already are in order."""
        if columns == self.names:
            return None
        position = {name: number for number, name in enumerate(columns)}
        missing = [name for name in self.names if name not in position]
        unknown = sorted(position.keys() - self._known)
        repeated = [name for number, name in enumerate(columns) if position[name] != number]
        if missing or unknown or repeated:
            raise ColumnsError(missing=missing, unknown=unknown, repeated=repeated)
        return [position[name] for name in self.names]

    def _encode_words(self, rows: Sequence[list[FeatureValue]], position: int, name: str) -> None:
        codes = self._codes[name]
        for number, row in enumerate(rows):
            word = row[position]
            if isinstance(word, str):
                row[position] = codes.get(word, _MISSING)
            elif word is not None:
                raise RowsError(f"row {number} has a {type(word).__name__} for {name}, expected a word or null")


def _refuse_words(columns: Sequence[str], rows: Sequence[list[FeatureValue]]) -> None:
    for number, row in enumerate(rows):
        if str in map(type, row):
            name = next(name for name, value in zip(columns, row, strict=True) if isinstance(value, str))
            raise RowsError(f"row {number} has a word for {name}, expected a number, true, false or null")


def _refuse_infinity(columns: Sequence[str], matrix: Matrix) -> None:
    infinite = np.isinf(matrix)
    if infinite.any():
        number, position = np.argwhere(infinite)[0]
        raise RowsError(f"row {number} has an infinite {columns[position]}; send null when a value is missing")
