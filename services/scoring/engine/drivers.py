"""The strongest contributions as drivers: a feature, its value, and a sentence in English and in French."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from customer.contracts.score import Driver, FeatureValue
from customer.features.definitions import FEATURE_BY_NAME
from customer.features.feature import Feature, FeatureType
from scoring.engine.design import WORDS
from scoring.engine.explanation import Contributions, Reasons

_NAN = float("nan")
# After a colon, so that the name may be singular or plural in either language.
_CHURN = (("higher risk", "risque plus élevé"), ("lower risk", "risque plus faible"))
_NEXT = (("next order sooner", "prochaine commande plus proche"),
         ("next order later", "prochaine commande plus lointaine"))  # fmt: skip
_VALUE = (("higher expected value", "valeur attendue plus élevée"),
          ("lower expected value", "valeur attendue plus faible"))  # fmt: skip

_LOYALTY = (("raises the chance to become loyal", "augmente la chance de devenir fidèle"),
            ("lowers the chance to become loyal", "réduit la chance de devenir fidèle"))  # fmt: skip


def churn_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log-odds of churn (a team's own model: on its own scale); none when the prediction is a baseline's."""
    return _drivers(reasons, reasons.churn, row, _CHURN, sign=1.0)


def next_purchase_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log-odds of an order within the trained horizon: those of churn, the other way round."""
    return _drivers(reasons, reasons.churn, row, _NEXT, sign=-1.0)


def value_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log of the expected value (a team's own model: on its own scale)."""
    return _drivers(reasons, reasons.value, row, _VALUE, sign=1.0)


def loyalty_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log-odds of becoming loyal; none when the prediction is a baseline's."""
    return _drivers(reasons, reasons.loyalty, row, _LOYALTY, sign=1.0)


def _drivers(
    reasons: Reasons,
    contributions: Contributions | None,
    row: int,
    effects: tuple[tuple[str, str], tuple[str, str]],
    *,
    sign: float,
) -> list[Driver]:
    if contributions is None:
        return []
    values = contributions.values[row]
    strongest = np.abs(values).argsort(kind="stable")[: -reasons.count - 1 : -1].tolist()
    inputs, found = contributions.inputs[row], []
    for position in strongest:
        contribution = sign * float(values[position])
        if contribution:
            number = float(inputs[position]) if position < len(inputs) else _NAN
            wording = _wording(contributions.names[position], reasons.money_digits)
            found.append(wording.driver(number, contribution, effects[0] if contribution > 0 else effects[1]))
    return found


@dataclass(frozen=True, slots=True)
class _Wording:
    """How one input is named and its values are shown; `feature` is None for what is computed, not given."""

    name: str
    english: str
    french: str
    feature: Feature | None
    money_digits: int

    def driver(self, number: float, contribution: float, effect: tuple[str, str]) -> Driver:
        value = None if self.feature is None or number != number else _value(self.feature, number)
        english_value, french_value = self._shown(value)
        return Driver(
            feature=self.name,
            value=value,
            contribution=contribution,
            text_en=f"{self.english}{english_value}: {effect[0]}",
            text_fr=f"{self.french}{french_value} : {effect[1]}",
        )

    def _shown(self, value: FeatureValue) -> tuple[str, str]:
        """The value in brackets as English and as French write it; nothing when missing."""
        if value is None:
            return "", ""
        if isinstance(value, bool):
            return (" (yes)", " (oui)") if value else (" (no)", " (non)")
        if self.feature is not None and self.feature.unit == "minor units" and isinstance(value, int | float):
            text = f"{value / 10**self.money_digits:.{self.money_digits}f}"
        else:
            text = f"{value:.2f}" if isinstance(value, float) else str(value)
        return f" ({text})", f" ({text.replace('.', ',')})"


@cache
def _wording(name: str, money_digits: int) -> _Wording:
    feature = None if name in WORDS else FEATURE_BY_NAME[name]
    english, french = WORDS[name] if feature is None else (feature.words_en, feature.words_fr)
    return _Wording(name, english.capitalize(), french.capitalize(), feature, money_digits)


def _value(feature: Feature, number: float) -> FeatureValue:
    """The value as the feature declares it."""
    match feature.dtype:
        case FeatureType.CATEGORY:
            return feature.vocabulary[int(number)]
        case FeatureType.BOOLEAN:
            return bool(number)
        case FeatureType.INTEGER:
            return int(number)
    return number
