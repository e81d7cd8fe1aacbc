import numpy as np
import pytest

from training.data.schedule import default_horizon, hazard_edges, plan_schedule, value_edges
from training.recipe import FULL

WAITS = np.random.default_rng(0).exponential(20.0, 2000).round()


@pytest.mark.parametrize("horizon", [1, 7, 14, 30, 60, 90, 365])
@pytest.mark.parametrize("reach", [1, 30, 200, 700])
def test_intervals_ascend_from_zero_and_meet_the_horizon(horizon: int, reach: int) -> None:
    for edges in (hazard_edges(horizon, WAITS, reach), value_edges(horizon)):
        assert edges[0] == 0
        assert horizon in edges
        assert list(edges) == sorted(set(edges))
    assert value_edges(horizon)[-1] == horizon


def test_cutoffs_lie_whole_weeks_before_as_of_and_leave_the_first_weeks_to_build_a_history() -> None:
    schedule = plan_schedule(horizon_days=90, history_days=500, customers=5000, waits=WAITS, spine_rows=FULL.spine_rows)
    assert all(days % 7 == 0 for days in schedule.cutoffs)
    assert min(schedule.cutoffs) > 0
    assert max(schedule.cutoffs) <= 500 - 60


def test_more_customers_are_looked_at_from_fewer_cutoffs() -> None:
    few = plan_schedule(horizon_days=30, history_days=600, customers=1000, waits=WAITS, spine_rows=FULL.spine_rows)
    many = plan_schedule(horizon_days=30, history_days=600, customers=100_000, waits=WAITS, spine_rows=FULL.spine_rows)
    assert len(many.cutoffs) < len(few.cutoffs)


@pytest.mark.parametrize(("history", "known"), [(300, False), (500, False), (515, True), (900, True)])
def test_the_season_is_known_only_where_it_was_watched_a_year_before(history: int, known: bool) -> None:
    schedule = plan_schedule(
        horizon_days=90, history_days=history, customers=100, waits=WAITS, spine_rows=FULL.spine_rows
    )
    assert schedule.knows_season is known


def test_the_default_horizon_follows_the_brands_rhythm() -> None:
    grocer = default_horizon(np.full(50, 9.0), np.full(50, 30.0), 300)
    furniture = default_horizon(np.full(50, 200.0), np.full(50, 2.0), 1500)
    assert grocer == 14
    assert furniture == 203


def test_the_default_horizon_fits_a_short_history() -> None:
    assert default_horizon(np.full(5, np.nan), np.zeros(5), 80) == 21
