"""Who sets the level of churn and value: trees, unless what lies ahead was never watched."""

from training.level import level_say
from training.newcomers import Newcomers


def test_each_reason_for_not_knowing_gives_half_of_the_level_to_the_formulas() -> None:
    many = Newcomers(days=90, now=0.5, then=0.1, days_earlier=98)
    few = Newcomers(days=90, now=0.2, then=0.1, days_earlier=98)
    assert [level_say(knows_season=True, came=came) for came in (None, few, many)] == [0.0, 0.0, 0.5]
    assert [level_say(knows_season=False, came=came) for came in (None, few, many)] == [0.5, 0.5, 1.0]
