"""Token buckets and short memories, with time as an argument."""

from hypothesis import given
from hypothesis import strategies as st

from profile_api.access.allowance import Allowance, Quota
from profile_api.access.expiring import Expiring


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_may_be_used_at_once_and_comes_back_evenly() -> None:
    clock = Clock()
    allowance = Allowance[str](Quota(name="requests", per_minute=60), clock=clock)
    assert all(allowance.take("ada", 1) for _ in range(60))
    assert not allowance.take("ada", 1)
    assert allowance.wait_s("ada", 1) == 1
    assert allowance.take("bob", 1)
    clock.now += 10
    assert [allowance.take("ada", 1) for _ in range(11)] == [True] * 10 + [False]
    assert allowance.fields("ada").splitlines()[1] == b'ratelimit: "requests";r=0;t=60'


def test_what_was_used_elsewhere_is_taken_and_what_nobody_was_told_of_stays_taken() -> None:
    clock = Clock()
    allowance = Allowance[str](Quota(name="requests", per_minute=60), clock=clock)
    for _ in range(10):
        allowance.take("ada", 1)
    assert list(allowance.untold()) == [("ada", 10)]
    allowance.take("ada", 1)  # while the others are being told of ten
    allowance.told("ada", 10, level=20)
    assert allowance.left("ada") == 19
    assert list(allowance.untold()) == [("ada", 1)]
    allowance.told("ada", 1, level=-5)
    assert not allowance.take("ada", 1)
    assert list(allowance.untold()) == []


def test_something_dearer_than_a_whole_minute_waits_for_a_full_bucket() -> None:
    clock = Clock()
    allowance = Allowance[str](Quota(name="cost", per_minute=100), clock=clock)
    assert allowance.take("ada", 250)
    assert not allowance.take("ada", 1)
    clock.now += 60
    assert not allowance.take("ada", 1)
    clock.now += 60
    assert allowance.take("ada", 1)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 20)), max_size=60))
def test_nobody_gets_more_than_a_full_bucket_and_what_flowed_in(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    allowance = Allowance[str](Quota(name="requests", per_minute=60), clock=clock)
    used = 0
    for pause, amount in steps:
        clock.now += pause
        used += amount if allowance.take("ada", amount) else 0
        assert used <= 60 + clock.now + 1e-6


def test_the_number_of_callers_remembered_is_bounded() -> None:
    allowance = Allowance[str](Quota(name="requests", per_minute=1), callers=2)
    assert [allowance.take(caller, 1) for caller in ("a", "b", "c", "a")] == [True] * 4


def test_a_memory_forgets_by_age_and_makes_room_by_order() -> None:
    clock = Clock()
    memory: Expiring[str, int] = Expiring(size=2, clock=clock)
    memory.put("a", 1, for_s=10)
    memory.put("b", 2, for_s=10)
    memory.put("c", 3, for_s=10)
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (None, 2, 3)
    clock.now = 10
    assert memory.find("b") is None
    assert len(memory) == 1
