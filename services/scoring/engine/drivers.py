"""The strongest contributions as drivers: a feature, its value, and a sentence in English and in French."""

import numpy as np

from customer.contracts.score import Driver, FeatureValue
from customer.features.definitions import FEATURE_BY_NAME
from customer.features.feature import FeatureType
from scoring.engine.design import WORDS
from scoring.engine.explanation import Contributions, Reasons

_CHURN = (("raises the risk", "augmente le risque"), ("lowers the risk", "réduit le risque"))
_NEXT = (("brings the next order closer", "rapproche la prochaine commande"),
         ("puts the next order off", "éloigne la prochaine commande"))  # fmt: skip
_VALUE = (("raises the expected value", "augmente la valeur attendue"),
          ("lowers the expected value", "réduit la valeur attendue"))  # fmt: skip


def churn_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log-odds of churn; none when the prediction is a baseline's."""
    return _drivers(reasons, reasons.churn, row, _CHURN, sign=1.0)


def next_purchase_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log-odds of an order within the trained horizon: those of churn, the other way round."""
    return _drivers(reasons, reasons.churn, row, _NEXT, sign=-1.0)


def value_drivers(reasons: Reasons, row: int) -> list[Driver]:
    """On the log of the expected value."""
    return _drivers(reasons, reasons.value, row, _VALUE, sign=1.0)


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
    values = sign * contributions.values[row]
    strongest = np.argsort(-np.abs(values), kind="stable")[: reasons.count]
    return [
        _driver(reasons, row, contributions.names[position], float(values[position]), effects)
        for position in strongest
        if values[position] != 0.0
    ]


def _driver(
    reasons: Reasons, row: int, name: str, contribution: float, effects: tuple[tuple[str, str], tuple[str, str]]
) -> Driver:
    english, french = effects[0] if contribution > 0 else effects[1]
    if name in WORDS:
        words, value = WORDS[name], None
    else:
        feature = FEATURE_BY_NAME[name]
        words, value = (feature.words_en, feature.words_fr), _value(reasons, row, name)
    english_value, french_value = _shown(reasons, name, value)
    return Driver(
        feature=name,
        value=value,
        contribution=contribution,
        text_en=f"{words[0].capitalize()}{english_value} {english}",
        text_fr=f"{words[1].capitalize()}{french_value} {french}",
    )


def _value(reasons: Reasons, row: int, name: str) -> FeatureValue:
    """The value as the feature declares it; None when missing."""
    feature = FEATURE_BY_NAME[name]
    number = float(reasons.inputs[row, reasons.features.index(name)])
    if np.isnan(number):
        return None
    match feature.dtype:
        case FeatureType.CATEGORY:
            return feature.vocabulary[int(number)]
        case FeatureType.BOOLEAN:
            return bool(number)
        case FeatureType.INTEGER:
            return int(number)
    return number


def _shown(reasons: Reasons, name: str, value: FeatureValue) -> tuple[str, str]:
    """The value in brackets as English and as French write it; nothing when missing."""
    if value is None:
        return "", ""
    if isinstance(value, bool):
        return (" (yes)", " (oui)") if value else (" (no)", " (non)")
    if FEATURE_BY_NAME[name].unit == "minor units" and isinstance(value, int | float):
        digits = reasons.money_digits
        text = f"{value / 10**digits:.{digits}f}"
    else:
        text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return f" ({text})", f" ({text.replace('.', ',')})"
