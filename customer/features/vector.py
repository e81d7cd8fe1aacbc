"""How one customer's features become the numbers a model is trained on and asked with."""

import math
from collections.abc import Callable, Iterable, Sequence

from customer.contracts.score import FeatureValue
from customer.errors import CustomerError
from customer.features.definitions import FEATURE_BY_NAME
from customer.features.feature import Feature, FeatureType

_MISSING = math.nan


class UnknownFeatureError(CustomerError):
    """A vector names a column that is no feature."""

    def __init__(self, unknown: Iterable[str]) -> None:
        super().__init__(f"unknown features {', '.join(sorted(unknown))}; expected names of the feature set")


class FeatureValueError(CustomerError):
    """A value cannot be one of its feature."""

    def __init__(self, feature: Feature, value: object) -> None:
        super().__init__(f"feature {feature.name} is {feature.dtype}, found {type(value).__name__} {value!r}")


def encoders(columns: Sequence[str]) -> list[Callable[[FeatureValue], float]]:
    """One function per column. Errors: UnknownFeatureError."""
    if unknown := set(columns) - FEATURE_BY_NAME.keys():
        raise UnknownFeatureError(unknown)
    return [_encoder(FEATURE_BY_NAME[name]) for name in columns]


def _encoder(feature: Feature) -> Callable[[FeatureValue], float]:
    if feature.dtype is FeatureType.CATEGORY:
        codes = {word: float(code) for code, word in enumerate(feature.vocabulary)}

        def encode_word(value: FeatureValue) -> float:
            if value is not None and not isinstance(value, str):
                raise FeatureValueError(feature, value)
            return codes.get(value, _MISSING) if value is not None else _MISSING

        return encode_word

    def encode_number(value: FeatureValue) -> float:
        if value is None:
            return _MISSING
        if isinstance(value, str):
            raise FeatureValueError(feature, value)
        return float(value)

    return encode_number


def encode(columns: Sequence[str], row: Sequence[FeatureValue]) -> list[float]:
    """The row as floats in the order of `columns`: null is NaN, a category its code, a claim 0 or 1."""
    return [encoder(value) for encoder, value in zip(encoders(columns), row, strict=True)]
