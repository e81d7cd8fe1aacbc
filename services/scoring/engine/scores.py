"""Predictions of several customers as columns, before they become answers on the wire or rows of a file."""

from dataclasses import dataclass

from scoring.engine.btyd import Flags, Floats
from scoring.engine.explanation import Reasons
from scoring.engine.value import ValueEstimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Predictions of several customers; NaN for who has no valid order yet. Money in minor units.

    `within[i, k]` = P(order within `days[k]` days). `value` is None when the data has no amounts, `loyalty` NaN but
    for customers with one order. `clock`: how the orders of 24 hours are spread over them (`hours.clock_from`).
    `reasons` is None unless drivers were asked for.
    """

    horizon_days: int
    has_orders: Flags
    churn: Floats
    p10_days: Floats
    p50_days: Floats
    p90_days: Floats
    clock: Floats
    days: Floats
    within: Floats
    value: ValueEstimate | None
    loyalty: Floats
    reasons: Reasons | None
