"""The inputs of the trees: chosen features, money in the brand's own unit, and what the BTYD formulas add."""

import numpy as np
import numpy.typing as npt

from customer.features.definitions import FEATURE_BY_NAME
from customer.features.feature import Kind
from scoring.engine.btyd import Floats, History, MbgNbd
from scoring.engine.spec import Design

Inputs = npt.NDArray[np.float32]

DERIVED = ("btyd_alive", "btyd_silent_through_horizon", "gap_variation", "silence_in_deviations")
TARGET_INPUTS = ("interval_middle", "interval_width", "target_weekday", "season", "target_quarter")
"""The same for all customers of a day."""
CLOCKS = ("silence_by_then", "days_past_due")
"""After these, only where customers keep to dates: each customer's own silence at the interval's start, and what it is
beyond their median gap."""
WORDS = {
    "btyd_alive": ("purchase rhythm against the silence so far", "rythme d'achat comparé au silence actuel"),
    "btyd_silent_through_horizon": ("number and spacing of past orders", "nombre et espacement des commandes passées"),
    "gap_variation": ("regularity of the orders", "régularité des commandes"),
    "silence_in_deviations": ("silence beyond the usual rhythm", "silence au-delà du rythme habituel"),
    "btyd_amount": ("usual rhythm and spending", "rythme et dépenses habituels"),
    "season": ("season ahead", "saison à venir"),
    "silence_by_then": ("silence so far and ahead", "silence passé et à venir"),
    "days_past_due": ("distance to the usual due day", "distance à l'échéance habituelle"),
}
"""English and French words of the inputs that are not features of their own."""

NEWEST_QUARTER = -1.0


class FeatureColumns:
    """Finds features by name in matrices whose columns are `columns`."""

    def __init__(self, columns: list[str]) -> None:
        self._position = {name: number for number, name in enumerate(columns)}

    def of(self, matrix: Floats, name: str) -> Floats:
        column: Floats = matrix[:, self._position[name]]
        return column

    def select(self, matrix: Floats, names: list[str]) -> Floats:
        chosen: Floats = matrix[:, [self._position[name] for name in names]]
        return chosen

    def history(self, matrix: Floats) -> History:
        """The BTYD inputs of each row."""
        last = self.of(matrix, "days_first_to_last_order")
        return History(
            repeats=self.of(matrix, "repeat_count"),
            last=last,
            age=np.maximum(self.of(matrix, "days_since_first_order"), last),
        )


def model_inputs(matrix: Floats, columns: FeatureColumns, design: Design, btyd: MbgNbd, horizon: int) -> Inputs:
    """One row per customer: the design's features, then DERIVED. float32, so that a rounding of sums cannot matter."""
    chosen = columns.select(matrix, design.features)
    money = [Kind.SCALED in FEATURE_BY_NAME[name].kinds for name in design.features]
    scaled = np.where(money, chosen / design.money_unit_minor, chosen)
    history = columns.history(matrix)
    mean_gap, deviation = columns.of(matrix, "mean_gap_days"), columns.of(matrix, "gap_deviation_days")
    derived = np.column_stack(
        [
            btyd.alive(history),
            btyd.silent_for(history, np.array([float(horizon)]))[:, 0],
            deviation / mean_gap,
            (columns.of(matrix, "days_since_last_order") - mean_gap) / np.maximum(deviation, 1.0),
        ]
    )
    return np.concatenate([scaled, derived], axis=1).astype(np.float32)


def target_inputs(
    matrix: Floats, columns: FeatureColumns, edges: Floats, *, knows_season: bool, keeps_dates: bool = False,
    quarter: Floats | None = None,
) -> Inputs:  # fmt: skip
    """(rows, intervals, TARGET_INPUTS): what the models may know of each interval after as_of; then CLOCKS.

    The season is the day of the year of its middle, constant where no season was observed twice. `quarter`
    (rows, intervals) counts 91-day steps from the training date, negative; None: the newest.
    """
    middles = (edges[1:] + edges[:-1]) / 2.0
    shape = (len(matrix), len(middles))
    year_day = columns.of(matrix, "year_day")[:, None]
    inputs = np.empty((*shape, len(TARGET_INPUTS) + len(CLOCKS) * keeps_dates), dtype=np.float32)
    inputs[:, :, 0] = middles
    inputs[:, :, 1] = np.diff(edges)
    inputs[:, :, 2] = (columns.of(matrix, "weekday")[:, None] + np.floor(edges[:-1])) % 7.0
    inputs[:, :, 3] = (year_day + middles) % 365.25 if knows_season else 0.0
    inputs[:, :, 4] = NEWEST_QUARTER if quarter is None else quarter
    if keeps_dates:
        silence = columns.of(matrix, "days_since_last_order")[:, None] + edges[:-1]
        inputs[:, :, 5] = silence
        inputs[:, :, 6] = silence - columns.of(matrix, "median_gap_days")[:, None]
    return inputs


def with_targets(inputs: Inputs, targets: Inputs) -> Inputs:
    """(rows * intervals, columns): each customer's inputs beside those of each interval, customer by customer."""
    rows, intervals, width = targets.shape
    joined = np.empty((rows, intervals, inputs.shape[1] + width), dtype=np.float32)
    joined[:, :, : inputs.shape[1]] = inputs[:, None, :]
    joined[:, :, inputs.shape[1] :] = targets
    return joined.reshape(rows * intervals, joined.shape[2])
