"""What a model-set directory says of itself: `model_set.json`, read and written here alone."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from customer.errors import ParcoursError
from scoring.engine.btyd import GammaGamma, MbgNbd

FORMAT = 4
FILE = "model_set.json"


class UnusableModelSetError(ParcoursError):
    """A directory does not hold a model set this version can load."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} is no usable model set: {problem}; train one with `parcours train`")
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How feature vectors become model inputs: which features, and the unit money is measured in.

    Amounts enter in units of the brand's own typical basket, so that a brand in yen and one in euro look alike.
    """

    features: list[str]
    money_unit_minor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The days after as_of at which the hazard is modelled, and what it may know of the target's date."""

    edges: list[float]  # from 0, ascending; the trained horizon is one of them
    knows_season: bool  # only where the season ahead was observed a year before
    hours: list[float]  # of a local day: the part of its orders in each
    keeps_dates: bool = False  # customers come on due days, as subscribers do: the hazard sees how far these are


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCalibration:
    """Intervals, unit and spread of the value model.

    The trees give the net amount expected in each interval of `edges` days after as_of, in units of `unit_minor`.
    `levels` are quantile levels; `ratios[g]` the amount over its expectation, given an order, in the group g of
    customers whose P(no order) lies below `group_edges[g]` (the last group: at or above the last edge).
    """

    edges: list[float]
    unit_minor: float
    group_edges: list[float]
    levels: list[float]
    ratios: list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """How much the BTYD formulas have to say beside the trees (`blend`), per interval of the grid where it is a list.

    `hazard_weight` of the distance between the formula's log-odds and the trees', less `hazard_middle`, is added to the
    trees', and `hazard_shift`; likewise, to the log of the amounts, of the distance between the logs of both.
    """

    hazard_weight: float
    hazard_shift: list[float]
    hazard_middle: list[float]
    value_weight: float
    value_middle: float
    value_shift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSetSpec:
    """The facts of a model set: everything but the trees."""

    id: str
    feature_set: str
    columns: list[str]
    horizon_days: int
    churn_definition: str
    as_of: str
    time_zone: str
    currency: str
    seed: int
    code_version: str
    data_hash: str
    basis: dict[str, str]  # per PredictionKind: MODEL or BASELINE; absent where nothing can be said
    unavailable: dict[str, list[str]]  # per PredictionKind: [code, sentence]
    design: Design
    btyd: MbgNbd
    spending: GammaGamma | None
    grid: Grid
    blend: Blend | None  # None: the trees alone
    value: ValueCalibration | None
    loyalty_window_days: int  # loyal: three orders within so many days of the first
    band_edges: list[float]  # P(churn) from which a customer is MEDIUM, HIGH
    boosters: dict[str, list[str]]  # per model: the LightGBM text files beside this one
    metrics: dict[str, float] = field(default_factory=dict)
    format: int = FORMAT


def write_spec(spec: ModelSetSpec, folder: Path) -> None:
    """Writes `model_set.json`; NaN is refused, for JSON has none."""
    text = json.dumps(asdict(spec), indent=1, sort_keys=True, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read_spec(folder: Path) -> ModelSetSpec:
    """Errors: UnusableModelSetError."""
    try:
        found: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableModelSetError(folder, f"{FILE} cannot be read ({error})") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        written = found.get("format") if isinstance(found, dict) else None
        raise UnusableModelSetError(folder, f"{FILE} is of format {written}, this version reads {FORMAT}")
    try:
        return ModelSetSpec(
            **{
                **found,
                "design": Design(**found["design"]),
                "btyd": MbgNbd(**found["btyd"]),
                "spending": GammaGamma(**found["spending"]) if found["spending"] else None,
                "grid": Grid(**found["grid"]),
                "blend": Blend(**found["blend"]) if found["blend"] else None,
                "value": ValueCalibration(**found["value"]) if found["value"] else None,
            }
        )
    except (KeyError, TypeError) as error:
        raise UnusableModelSetError(folder, f"{FILE} lacks or misnames a field ({error})") from error
