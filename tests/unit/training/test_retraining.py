"""When a champion is replaced: too old, decayed, reading other features; but not again right after an attempt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from customer.features.definitions import FEATURE_SET
from training.monitoring.findings import Status
from training.retraining import ChampionState, Policy, is_due

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICY = Policy(max_age=timedelta(days=28), patience=timedelta(days=7))
GOOD = ChampionState(
    trained_as_of=NOW - timedelta(days=20), horizon_days=90, feature_set=FEATURE_SET,
    attempted_at=NOW - timedelta(days=7), status=None,
)  # fmt: skip


def test_without_a_champion_one_is_due() -> None:
    assert is_due(None, POLICY, now=NOW) == (True, "there is no champion yet")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"trained_as_of": NOW - timedelta(days=28)}, "data ends 28 days ago; at most 28"),
        ({"feature_set": "another"}, "other features"),
        ({"status": Status.DECAYED}, "found the champion decayed"),
        ({"status": Status.DRIFTED}, "found the champion drifted"),
    ],
)
def test_each_reason_makes_a_training_due_once_the_last_one_is_far_enough_back(
    changed: dict[str, object], said: str
) -> None:
    state = replace(GOOD, **changed)  # type: ignore[arg-type]
    found, reason = is_due(state, POLICY, now=NOW)
    assert found
    assert said in reason
    waiting, why = is_due(replace(state, attempted_at=NOW - timedelta(days=6)), POLICY, now=NOW)
    assert not waiting
    assert why == "the last training was 6 days ago; 7 are waited"


@pytest.mark.parametrize("status", [None, Status.HEALTHY])
@pytest.mark.parametrize("age", [timedelta(), timedelta(days=28) - timedelta(microseconds=1)])
def test_a_healthy_young_champion_stays(status: Status | None, age: timedelta) -> None:
    found, reason = is_due(replace(GOOD, status=status, trained_as_of=NOW - age), POLICY, now=NOW)
    assert not found
    assert reason.endswith("monitoring found nothing")
