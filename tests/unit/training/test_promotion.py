"""The gate: what stops a set, what does not, each at its edge."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from customer.vocabulary import PredictionKind
from scoring.engine.btyd import Floats
from tests.unit.training.outcomes import chances, outcome
from training.evaluation.gate import Check, Verdict
from training.evaluation.intervals import Measured
from training.evaluation.outcome import Outcome
from training.registry.beside_champion import compare_outcomes, compare_promises
from training.registry.promotion import check_rehearsal

BETTER, EQUAL, WORSE = (-0.3, -0.1), (-0.1, 0.1), (0.1, 0.3)
BOTH = ["champion churn", "champion value"]


def failed(checks: Iterable[Check]) -> list[str]:
    return [check.check for check in checks if not check.passed]


def verdict(interval: tuple[float, float]) -> Verdict:
    low, high = interval
    return Verdict(measure="loss", reference=1.0, difference=(low + high) / 2, low=low, high=high)


def with_orders(judged: Outcome, counts: Floats) -> Outcome:
    """Everybody bought yesterday, of a brand whose gaps are ten days; so the stage goes by the number of orders."""
    matrix = judged.matrix.copy()
    matrix[:, FEATURE_NAMES.index("order_count")] = counts
    matrix[:, FEATURE_NAMES.index("days_since_last_order")] = 1.0
    matrix[:, FEATURE_NAMES.index("last_gap_days")] = 10.0
    return replace(judged, matrix=matrix)


@pytest.mark.parametrize(("gap", "stopped"), [(-0.06, True), (-0.04, False), (0.04, False), (0.06, True)])
def test_mean_churn_may_be_five_points_off_and_no_more(gap: float, stopped: bool) -> None:
    judged = with_orders(outcome(chances(), chances()), np.ones(600))
    off = replace(judged, churn=np.full(600, judged.churned.mean() + gap))
    assert ("calibration everybody" in failed(check_rehearsal(off, off, is_served=True))) is stopped


@pytest.mark.parametrize(("gap", "stopped"), [(0.09, False), (0.11, True)])
def test_a_stage_may_be_ten_points_off_and_one_of_few_customers_is_not_judged(gap: float, stopped: bool) -> None:
    judged = outcome(chances(), chances())
    stage = np.repeat([1.0, 2.0, 4.0], [400, 101, 99])
    judged = with_orders(judged, stage)
    seen = {count: judged.churned[stage == count].mean() for count in (1.0, 2.0, 4.0)}
    churn = np.select([stage == 1.0, stage == 2.0], [seen[1.0], seen[2.0] + gap], default=seen[4.0] - 0.2)
    off = replace(judged, churn=churn)
    checks = check_rehearsal(off, off, is_served=True)
    assert {check.check for check in checks} == {
        *("calibration everybody", "calibration new", "fair new", "calibration developing", "fair developing"),
    }
    assert failed(checks) == ["calibration developing"] * stopped


def test_a_stage_worse_than_by_the_baseline_stops_models_that_would_answer() -> None:
    truth = chances()
    judged = with_orders(outcome(truth, truth), np.ones(600))
    shuffled = replace(judged, churn=np.random.default_rng(1).permutation(judged.churn))
    assert failed(check_rehearsal(shuffled, judged, is_served=True)) == ["fair new"]
    assert failed(check_rehearsal(shuffled, judged, is_served=False)) == []
    assert failed(check_rehearsal(judged, shuffled, is_served=True)) == []


@pytest.mark.parametrize(
    ("churn", "value", "stopped_by"),
    [(EQUAL, BETTER, []), (EQUAL, EQUAL, []), (WORSE, BETTER, ["champion churn"]), (WORSE, WORSE, BOTH)],
)
def test_what_knows_more_need_not_be_better_but_may_be_worse_in_nothing(
    churn: tuple[float, float], value: tuple[float, float], stopped_by: list[str]
) -> None:
    verdicts = {PredictionKind.CHURN: verdict(churn), PredictionKind.VALUE: verdict(value)}
    checks = compare_outcomes(verdicts, days=12, newer_by=timedelta(days=12, hours=3))
    assert failed(checks) == stopped_by
    assert checks[0].reason.startswith("churn in 12 days that the champion had not seen: loss ")
    better = "value" if value == BETTER else "nothing"
    assert checks[-1].reason == (
        f"better than the champion in {better}; it knows 12 days more besides, so as good is good enough"
    )


FOUND = {name: Measured(value=0.5, low=0.4, high=0.6) for name in ("churn_log_loss", "next_pinball", "churn_auc")}


@pytest.mark.parametrize(
    ("log_loss", "quantile_loss", "stopped_by"),
    [
        (0.61, 0.5, []),
        (0.61, 0.4, []),
        (0.61, 0.39, ["champion quantile loss"]),
        (0.6, 0.6, ["improvement"]),
        (0.4, 0.39, ["champion quantile loss", "improvement"]),
    ],
)
def test_of_the_same_weeks_nothing_may_be_worse_than_the_champions_promise_and_something_must_be_better(
    log_loss: float, quantile_loss: float, stopped_by: list[str]
) -> None:
    promised = {"churn_log_loss": log_loss, "next_pinball": quantile_loss, "churn_auc": 0.9}
    checks = compare_promises(promised, FOUND).checks
    assert [check.check for check in checks] == ["champion churn log loss", "champion quantile loss", "improvement"]
    assert failed(checks) == stopped_by


@pytest.mark.parametrize(("promised", "found"), [({}, FOUND), ({"churn_log_loss": 0.5}, {})])
def test_of_the_same_days_nothing_takes_over_without_two_rehearsals(
    promised: dict[str, float], found: dict[str, Measured]
) -> None:
    [check] = compare_promises(promised, found).checks
    assert not check.passed
    assert "not both were rehearsed" in check.reason
