"""The wire contract between whoever has feature vectors and the scoring service (`POST /v1/score`).

Plain dataclasses of the standard library; each side encodes and decodes them with its own JSON library.
Money is in minor units of the customer's currency; days count from `as_of`; a missing feature is null.
"""

from dataclasses import dataclass, field
from datetime import datetime

FeatureValue = float | int | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """Feature vectors to score: `rows[i][j]` is the value of feature `columns[j]` for `ids[i]`."""

    feature_set: str
    as_of: datetime
    columns: list[str]
    rows: list[list[FeatureValue]]
    ids: list[str] | None = None
    horizon_days: int | None = None  # None: the horizon the models were trained for
    drivers: int = 0  # how many drivers per prediction; 0 leaves them out, which is cheaper


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One signed reason. Contributions add up (with the base value) to the prediction on `scale`."""

    feature: str
    value: FeatureValue
    contribution: float
    text_en: str
    text_fr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """Which model made a prediction; basis is MODEL or BASELINE."""

    name: str
    version: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnAnswer:
    probability: float  # P(no valid order in [as_of, as_of + horizon_days))
    band: str  # LOW, MEDIUM, HIGH
    horizon_days: int
    definition: str
    model: ModelRef
    drivers: list[Driver] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPurchaseAnswer:
    """The distribution of days to the next order: P(order within days[i]) = probability[i]; days ascend."""

    p10_days: float
    p50_days: float
    p90_days: float
    days: list[float]
    probability: list[float]
    model: ModelRef
    drivers: list[Driver] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAnswer:
    """Expected net revenue in the horizon with an interval that holds 80 %, in minor units."""

    expected_minor: float
    low_minor: float
    high_minor: float
    horizon_days: int
    model: ModelRef
    drivers: list[Driver] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltyAnswer:
    """P(at least 3 valid orders within 365 days of the first); for customers with one order."""

    probability: float
    model: ModelRef
    drivers: list[Driver] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Why a prediction was not made: kind is a PredictionKind, code a stable word, message a sentence."""

    kind: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Everything the models say of one customer, all from one consistent model set.

    While an experiment runs, `variant` is CHAMPION or CHALLENGER and `model_set` that variant's; otherwise both are
    None, and the response's model set answered.
    """

    id: str | None
    churn: ChurnAnswer | None = None
    next_purchase: NextPurchaseAnswer | None = None
    value: ValueAnswer | None = None
    loyalty_potential: LoyaltyAnswer | None = None
    unavailable: list[Unavailable] = field(default_factory=list)
    variant: str | None = None
    model_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreResponse:
    feature_set: str
    model_set: str
    as_of: datetime
    predictions: list[Prediction]
