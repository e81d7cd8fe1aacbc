"""Which set a rollback goes back to, by the log of promotions."""

from datetime import UTC, datetime, timedelta

import pytest

from training.registry.promotion_log import LoggedDecision, in_charge_before


def _log(decisions: str) -> list[LoggedDecision]:
    """`+a` promotes a, `-a` rolls back to it, `?a` refuses it; the newest first, as the database gives them."""
    actions = {"+": "PROMOTION", "-": "ROLLBACK", "?": "REFUSAL"}
    return [
        LoggedDecision(
            promoted_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hour), action=actions[one[0]],
            model_set=one[1:], replaced_model_set=None, is_forced=False, decided_by="somebody", reasons=[],
        )
        for hour, one in enumerate(decisions.split())
    ][::-1]  # fmt: skip


@pytest.mark.parametrize(
    ("decisions", "champion", "before"),
    [
        ("+a", "a", None),
        ("+a +b", "b", "a"),
        ("+a +b ?c", "b", "a"),
        ("+a +b +c -b", "b", "a"),  # not c, which was put away
        ("+a +b +c -b -a", "a", None),
        ("+a +b -a +c", "c", "a"),
        ("+a +b +b", "b", "a"),
        ("+a +b +a", "a", "b"),
        ("+a +b +a -b", "b", "a"),
        ("+a +b +a -b -a", "a", None),
        ("+a +b -a -b", "b", "a"),  # as earlier versions went back and forth
        ("+a +b", "set by somebody in MLflow", "b"),
        ("", "a", None),
    ],
)
def test_each_rollback_goes_one_step_further_back(decisions: str, champion: str, before: str | None) -> None:
    assert in_charge_before(champion, _log(decisions)) == before
