"""How much each caller may ask for: token buckets of requests and of cost, one pair per caller, bounded in number."""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many units per minute; a caller who was silent may use a whole minute's worth at once."""

    name: str
    per_minute: int


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float
    untold: float = 0.0  # used here since other processes were told


class Allowance(Generic[C]):
    """Counts what callers use of one quota in this process; `untold` and `told` keep several processes in step.

    Cost is known only once an operation was planned, so it may overdraw the bucket: the next request waits.
    """

    def __init__(self, quota: Quota, *, callers: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._full = float(quota.per_minute)
        self._per_second = quota.per_minute / 60
        self._callers = callers
        self._clock = clock
        self._buckets: dict[C, _Bucket] = {}
        policy = f'ratelimit-policy: "{quota.name}";q={quota.per_minute};w=60\r\nratelimit: "{quota.name}";'
        self._fields = policy.encode() + b"r=%d;t=%d\r\n"
        self.name = quota.name
        self.per_minute = quota.per_minute

    def take(self, caller: C, amount: float) -> bool:
        """Whether the caller may use `amount` now; if so it is used. False leaves the bucket as it was."""
        bucket = self._buckets.get(caller) or self._filled(caller)
        now = self._clock()
        level = bucket.level + (now - bucket.at) * self._per_second  # as `_filled` has it, without another call
        if level > self._full:
            level = self._full
        bucket.at = now
        if level < amount and level < self._full:
            bucket.level = level
            return False
        bucket.level = level - amount
        bucket.untold += amount
        return True

    def left(self, caller: C) -> int:
        """Units the caller may still use at once."""
        return max(0, int(self._filled(caller).level))

    def wait_s(self, caller: C, amount: float) -> int:
        """Whole seconds until `amount` would be let through."""
        missing = min(amount, self._full) - self._filled(caller).level
        return max(1, ceil(missing / self._per_second))

    def give_back(self, caller: C, amount: float) -> None:
        """Undoes a `take` of this moment."""
        bucket = self._filled(caller)
        bucket.level += amount
        bucket.untold -= amount

    def fields(self, caller: C) -> bytes:
        """The lines of the IETF draft `RateLimit header fields for HTTP`, for this quota."""
        bucket = self._buckets.get(caller)
        left = int(bucket.level) if bucket is not None else int(self._full)  # as of the caller's last request
        if left < 0:
            left = 0
        return self._fields % (left, ceil((self._full - left) / self._per_second))

    def untold(self) -> Iterator[tuple[C, float]]:
        """What callers have used here and no other process knows of."""
        return ((caller, bucket.untold) for caller, bucket in self._buckets.items() if bucket.untold)

    def told(self, caller: C, amount: float, level: float) -> None:
        """Others know of `amount` now; after it the caller had `level` left in all processes together."""
        bucket = self._filled(caller)
        bucket.untold = max(0.0, bucket.untold - amount)
        bucket.level = level - bucket.untold

    def _filled(self, caller: C) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= self._callers:
                # The longest unseen leaves; at worst a flood of callers is each given a fresh bucket.
                self._buckets.pop(next(iter(self._buckets)))
            bucket = self._buckets[caller] = _Bucket(self._full, now)
            return bucket
        level = bucket.level + (now - bucket.at) * self._per_second
        bucket.level = level if level < self._full else self._full
        bucket.at = now
        return bucket
