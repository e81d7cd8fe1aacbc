"""From a learning set to a model set: baselines, design, trees, calibration, and which of them may answer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from lightgbm import Booster

from customer.features.definitions import FEATURE_NAMES, FEATURES
from customer.features.feature import Kind
from scoring.engine.btyd import Floats, GammaGamma, MbgNbd
from scoring.engine.hours import hours_of
from scoring.engine.spec import Design, Grid
from training.data.learning import LearningSet
from training.data.schedule import Schedule
from training.models.baselines import fit_gamma_gamma, fit_mbg_nbd
from training.models.boosting import COLUMNS, Workbench, grow_hazards, grow_values, prepare
from training.recipe import Recipe

FEWEST_ROWS, FEWEST_ORDERS = 400, 150
"""Below so many examples, or examples followed by an order, the trees are not grown: the baseline answers."""
LEAST_OF_HORIZON = 0.5
"""Nor are they when nobody was watched for so much of the horizon."""
FEWEST_CUSTOMERS = 100
"""Nor of fewer people, who stay few however often they are looked at: of six shops of 41 to 85 customers trees lost
five to MBG/NBD, 11 % of log loss in the mean; of four of 112 to 225 one, by .3 %."""

_MANY_GAPS, _REGULAR, _REGULAR_SHARE, _FEWEST_REGULAR = 4, 0.2, 1.0 / 3.0, 30
"""A customer keeps to dates where the middle half of the gaps lies within so much of the median gap; a brand's do where
so large a share of those with so many gaps does, and so many. In six made-up shops of subscriptions and refills 52 to
100 % did; 5 % at most on 25 dates of real shops, 1 % in three made-up ones of another kind."""

_NOT_MODELLED = frozenset(feature.name for feature in FEATURES if Kind.CALENDAR in feature.kinds) - {"weekday"}
"""The season is known through the date of the target, and only where it was seen before. The week always was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Everything fitted at one moment. `boosters` is empty when there was too little to learn from. The hours of the
    grid count from the cutoffs' time of the day."""

    design: Design
    btyd: MbgNbd
    spending: GammaGamma | None
    grid: Grid
    boosters: dict[str, list[Booster]]
    value_unit_minor: float
    bench: Workbench


def fit_models(learning: LearningSet, present: Floats, schedule: Schedule, recipe: Recipe, seed: int) -> Fit:
    """`present` are the feature vectors at as_of: the histories that the baselines are fitted to."""
    unit = money_unit(present)
    btyd = fit_mbg_nbd(COLUMNS.history(present))
    spending = _fit_spending(present, unit) if unit is not None else None
    design = Design(features=informative_features(learning.matrix), money_unit_minor=unit or 1.0)
    bench = prepare(
        learning, design, btyd, horizon_days=schedule.horizon_days, recipe=recipe, seed=seed,
        knows_season=schedule.knows_season, keeps_dates=keep_to_dates(present),
    )  # fmt: skip
    boosters: dict[str, list[Booster]] = {}
    value_unit = unit or 1.0
    if too_little(learning, schedule.horizon_days) is None:
        with ThreadPoolExecutor(recipe.threads) as pool:
            values = grow_values(bench, pool) if unit is not None else None
            hazards = grow_hazards(bench, schedule.hazard_edges, pool)
        boosters["next_purchase"] = [one.result() for one in hazards]
        if values is not None:
            boosters["value"], value_unit = [one.result() for one in values[0]], values[1]
    return Fit(
        design=design, btyd=btyd, spending=spending, boosters=boosters, value_unit_minor=value_unit,
        grid=Grid(
            edges=[float(edge) for edge in schedule.hazard_edges], knows_season=schedule.knows_season,
            hours=hours_of(learning.wait_days[~np.isnan(learning.wait_days)]), keeps_dates=bench.keeps_dates,
        ),
        bench=bench,
    )  # fmt: skip


def too_little(learning: LearningSet, horizon_days: int) -> str | None:
    """Why trees could learn nothing that the baseline does not know; None where they can. Of days that nobody lived
    through they cannot, but the last part of the horizon they may extend."""
    examples, followed = len(learning), int((~np.isnan(learning.wait_days)).sum())
    # Most at one cutoff: about how many people there are.
    customers = int(np.unique(learning.age_days, return_counts=True)[1].max(initial=0))
    if examples < FEWEST_ROWS or followed < FEWEST_ORDERS:
        return (
            f"too little to learn from: {examples:,} examples, {followed:,} of them followed by an order, where "
            f"{FEWEST_ROWS} and {FEWEST_ORDERS} are the least"
        )
    if customers < FEWEST_CUSTOMERS:
        return f"too few customers to learn from: {customers}, where {FEWEST_CUSTOMERS} are the least"
    if not learning.has_passed(horizon_days * LEAST_OF_HORIZON).any():
        longest = learning.watched_days.max()
        return f"nobody was watched for longer than {longest:.0f} of the {horizon_days} days ahead"
    return None


def keep_to_dates(present: Floats) -> bool:
    """Whether these are customers of subscriptions and the like. What they do turns on the due day, which lies on a
    diagonal of silence and days ahead: trees need it as an input."""
    median = COLUMNS.of(present, "median_gap_days")
    middle_half = COLUMNS.of(present, "p75_gap_days") - COLUMNS.of(present, "p25_gap_days")
    many = COLUMNS.of(present, "repeat_count") >= _MANY_GAPS
    regular = int((many & (middle_half < _REGULAR * median)).sum())
    return regular >= _FEWEST_REGULAR and regular >= _REGULAR_SHARE * int(many.sum())


def money_unit(present: Floats) -> float | None:
    """The median last basket in minor units; None when no order has an amount."""
    baskets = COLUMNS.of(present, "last_basket")
    known = baskets[baskets > 0]
    return float(np.median(known)) if known.size else None


def informative_features(matrix: Floats) -> list[str]:
    """The features that differ between examples, but for those that name a date."""
    if not len(matrix):
        return []
    varies = np.zeros(matrix.shape[1], dtype=np.bool_)
    varies[:] = np.fmax.reduce(matrix, axis=0) > np.fmin.reduce(matrix, axis=0)
    missing = np.isnan(matrix)
    varies |= missing.any(axis=0) & ~missing.all(axis=0)
    return [name for position, name in enumerate(FEATURE_NAMES) if name not in _NOT_MODELLED and varies[position]]


def _fit_spending(present: Floats, unit: float) -> GammaGamma:
    repeats = COLUMNS.of(present, "repeat_count")
    repeat_mean, basket = COLUMNS.of(present, "mean_repeat_day_amount"), COLUMNS.of(present, "mean_basket")
    once = ~(repeats > 0)
    mean = np.nan_to_num(np.where(once, basket, repeat_mean))
    return fit_gamma_gamma(mean, np.where(once, np.isfinite(basket), repeats), unit_minor=unit)
