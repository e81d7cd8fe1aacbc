"""What a feature is: a named column of `feature_vectors.sql` with its type, its missing value and its words."""

from dataclasses import dataclass
from enum import StrEnum


class FeatureType(StrEnum):
    INTEGER = "INTEGER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    CATEGORY = "CATEGORY"


class Kind(StrEnum):
    """What a feature depends on: decides when it can be left out and how it must answer to changed facts."""

    MONEY = "MONEY"  # needs amounts on the orders
    SCALED = "SCALED"  # proportional to the currency unit: doubles when every amount doubles
    CALENDAR = "CALENDAR"  # depends on dates as such, not only on the distances between them
    LINES = "LINES"  # needs order lines with products or categories
    TOUCHPOINT = "TOUCHPOINT"  # needs events other than orders
    CHANNEL = "CHANNEL"  # needs more than one order channel or store to say anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column. `null_means` is empty for a column that is never null; `words_*` complete "because of ..."."""

    name: str
    dtype: FeatureType
    unit: str
    null_means: str
    description: str
    words_en: str
    words_fr: str
    kinds: frozenset[Kind]
    vocabulary: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        return bool(self.null_means)


NO_ORDER = "no valid order yet"
NO_SECOND_DAY = "fewer than two purchase days"


def count(
    name: str, description: str, words_en: str, words_fr: str, *kinds: Kind, unit: str = "count", null_means: str = ""
) -> Feature:
    """A whole number of things; zero, not null, when there are none."""
    return _feature(FeatureType.INTEGER, name, description, words_en, words_fr, kinds, unit, null_means)


def days(name: str, description: str, words_en: str, words_fr: str, *kinds: Kind, null_means: str) -> Feature:
    """A whole number of local calendar days."""
    return _feature(FeatureType.INTEGER, name, description, words_en, words_fr, kinds, "days", null_means)


def amount(name: str, description: str, words_en: str, words_fr: str, *, null_means: str) -> Feature:
    """A sum of money in minor units of the customer's currency."""
    kinds = (Kind.MONEY, Kind.SCALED)
    return _feature(FeatureType.INTEGER, name, description, words_en, words_fr, kinds, "minor units", null_means)


def mean_amount(name: str, description: str, words_en: str, words_fr: str, *, null_means: str) -> Feature:
    """An average amount in minor units, not rounded."""
    kinds = (Kind.MONEY, Kind.SCALED)
    return _feature(FeatureType.FLOAT, name, description, words_en, words_fr, kinds, "minor units", null_means)


def ratio(
    name: str, description: str, words_en: str, words_fr: str, *kinds: Kind, null_means: str, unit: str = "ratio"
) -> Feature:
    """A quotient of two whole numbers."""
    return _feature(FeatureType.FLOAT, name, description, words_en, words_fr, kinds, unit, null_means)


def flag(name: str, description: str, words_en: str, words_fr: str, *kinds: Kind, null_means: str) -> Feature:
    """A claim that is true or false."""
    return _feature(FeatureType.BOOLEAN, name, description, words_en, words_fr, kinds, "claim", null_means)


def choice(
    name: str,
    description: str,
    words_en: str,
    words_fr: str,
    *kinds: Kind,
    vocabulary: tuple[str, ...],
    null_means: str,
) -> Feature:
    """One word of a closed vocabulary."""
    return Feature(
        name=name, dtype=FeatureType.CATEGORY, unit="word", null_means=null_means, description=description,
        words_en=words_en, words_fr=words_fr, kinds=frozenset(kinds), vocabulary=vocabulary,
    )  # fmt: skip


def _feature(
    dtype: FeatureType, name: str, description: str, words_en: str, words_fr: str, kinds: tuple[Kind, ...],
    unit: str, null_means: str,
) -> Feature:  # fmt: skip
    return Feature(
        name=name, dtype=dtype, unit=unit, null_means=null_means, description=description,
        words_en=words_en, words_fr=words_fr, kinds=frozenset(kinds),
    )  # fmt: skip
