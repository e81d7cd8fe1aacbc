"""What counts as the future of an example: half-open windows, censoring, and amounts net of what came back in time."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from training.data.examples import Labels, SpineOrderError, feature_frame, labels, labels_within
from training.data.order_snapshot import snapshot_from_orders
from training.data.spine import build_spine

CUTOFF = datetime(2024, 5, 1, tzinfo=UTC)
END = datetime(2024, 9, 1, tzinfo=UTC)
HEADER = "customer_id,order_id,ordered_at,received_at,amount,is_return\n"


def outcome(
    folder: Path, *rows: str, horizon: int = 30, end: datetime = END, cutoff: datetime = CUTOFF, time_zone: str = "UTC"
) -> tuple[np.ndarray, Labels]:
    """The one customer's order count as a feature, and the labels."""
    file = folder / "orders.csv"
    first = "ann,o0,2024-01-01T10:00:00Z,,10,\n"
    file.write_text(HEADER + first + "".join(f"{row}\n" for row in rows))
    snapshot, _ = snapshot_from_orders(file, folder / "snapshot", known_before=end, now=end, time_zone=time_zone)
    spine = build_spine(snapshot, [cutoff])
    return feature_frame(snapshot, spine).column("order_count"), labels(snapshot, spine, horizon_days=horizon)


def test_an_order_placed_exactly_at_the_cutoff_is_in_the_label_not_in_the_features(tmp_path: Path) -> None:
    orders, label = outcome(tmp_path, "ann,o1,2024-05-01T00:00:00Z,,20,")
    assert orders.tolist() == [1]
    assert label.order_count.tolist() == [1]
    assert label.days_to_next.tolist() == [0]
    assert label.net_minor.tolist() == [2000]
    assert not label.churned[0]


def test_an_order_a_microsecond_before_the_cutoff_is_in_the_features_not_in_the_label(tmp_path: Path) -> None:
    orders, label = outcome(tmp_path, "ann,o1,2024-04-30T23:59:59.999999Z,,20,")
    assert orders.tolist() == [2]
    assert label.order_count.tolist() == [0]


def test_an_order_placed_exactly_at_the_end_of_the_horizon_is_outside(tmp_path: Path) -> None:
    _, label = outcome(tmp_path, "ann,o1,2024-05-31T00:00:00Z,,20,")
    assert label.churned.tolist() == [True]
    assert label.days_to_next.tolist() == [30]
    assert label.net_minor.tolist() == [0]


@pytest.mark.parametrize(("at", "churned"), [("2024-04-13T23:00:00", True), ("2024-04-13T22:59:59", False)])
def test_a_wait_across_a_change_of_the_clock_ends_with_the_horizon_not_an_hour_before(
    tmp_path: Path, at: str, churned: bool
) -> None:
    winter_midnight = datetime(2024, 3, 15, tzinfo=UTC)
    _, label = outcome(tmp_path, f"ann,o1,{at}Z,,20,", cutoff=winter_midnight, time_zone="Europe/London")
    assert label.churned.tolist() == [churned]
    assert (label.days_to_next >= 30).tolist() == [churned]


def test_an_order_in_the_hour_that_autumn_repeats_is_no_wait_below_zero(tmp_path: Path) -> None:
    half_past_one = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    rows = "ann,o1,2024-10-27T01:10:00Z,,20,", "ann,o2,2024-10-28T01:30:00Z,,20,"
    late = datetime(2024, 12, 1, tzinfo=UTC)
    _, label = outcome(tmp_path, *rows, cutoff=half_past_one, time_zone="Europe/London", end=late)
    assert label.days_to_next.tolist() == [0]
    assert label.days_to_second.tolist() == [1]


def test_who_never_comes_back_is_censored_at_the_end_of_observation(tmp_path: Path) -> None:
    _, label = outcome(tmp_path)
    assert np.isnan(label.days_to_next[0])
    assert label.censored_after_days.tolist() == [(END - CUTOFF).days]
    assert label.churned.tolist() == [True]


@pytest.mark.parametrize(("horizon", "complete"), [(123, True), (124, False)])
def test_a_horizon_beyond_what_was_observed_is_incomplete(tmp_path: Path, horizon: int, complete: bool) -> None:
    _, label = outcome(tmp_path, horizon=horizon)
    assert label.is_complete.tolist() == [complete]


def test_an_order_happening_before_the_cutoff_but_received_after_it_is_in_neither(tmp_path: Path) -> None:
    orders, label = outcome(tmp_path, "ann,o1,2024-04-20T10:00:00Z,2024-05-02T10:00:00Z,20,")
    assert orders.tolist() == [1]
    assert label.order_count.tolist() == [0]


def test_an_order_given_back_in_full_did_not_bring_the_customer_back(tmp_path: Path) -> None:
    _, label = outcome(tmp_path, "ann,o1,2024-05-05T10:00:00Z,,20,", "ann,o1,2024-07-05T10:00:00Z,,20,true")
    assert label.churned.tolist() == [True]
    assert np.isnan(label.days_to_next[0])


def test_only_what_came_back_within_the_horizon_lowers_its_value(tmp_path: Path) -> None:
    _, label = outcome(
        tmp_path,
        "ann,o1,2024-05-05T10:00:00Z,,20,",
        "ann,o1,2024-05-10T10:00:00Z,,5,true",
        "ann,o1,2024-07-05T10:00:00Z,,3,true",
    )
    assert label.net_minor.tolist() == [1500]


def test_orders_of_one_day_are_one_purchase_day(tmp_path: Path) -> None:
    _, label = outcome(
        tmp_path,
        "ann,o1,2024-05-05T10:00:00Z,,20,",
        "ann,o2,2024-05-05T12:00:00Z,,5,",
        "ann,o3,2024-05-06T12:00:00Z,,5,",
    )
    assert label.order_count.tolist() == [3]
    assert label.purchase_day_count.tolist() == [2]
    assert label.days_to_next.tolist() == [pytest.approx(4 + 10 / 24)]


def test_a_spine_in_another_order_is_refused_rather_than_mixed_up(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(f"{HEADER}ann,o0,2024-01-01T10:00:00Z,,10,\nbob,o1,2024-01-01T10:00:00Z,,10,\n")
    snapshot, _ = snapshot_from_orders(file, tmp_path / "snapshot", known_before=END, now=END)
    spine = build_spine(snapshot, [CUTOFF])
    with pytest.raises(SpineOrderError):
        feature_frame(snapshot, spine.take([1, 0]))


def test_several_horizons_at_once_say_what_each_says_alone(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    rows = [f"c{n % 5},o{n},2024-{1 + n % 9:02}-{1 + n % 28:02},{n}.50,{n % 7 == 0}\n" for n in range(90)]
    file.write_text("customer_id,order_id,ordered_at,amount,is_return\n" + "".join(rows))
    snapshot, _ = snapshot_from_orders(file, tmp_path / "snapshot", known_before=END, now=END)
    spine = build_spine(snapshot, [datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)])
    horizons = [7, 30, 200]
    for together, horizon in zip(labels_within(snapshot, spine, horizons=horizons), horizons, strict=True):
        alone = labels(snapshot, spine, horizon_days=horizon)
        for name in ("is_complete", "order_count", "purchase_day_count", "days_to_next", "days_to_second", "net_minor"):
            np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))
