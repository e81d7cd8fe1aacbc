"""How much each caller may ask for: token buckets of requests and of cost, one pair per caller, bounded in number."""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many units per minute; a caller who was silent may use a whole minute's worth at once."""

    name: str
    per_minute: int


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class Allowance:
    """Counts what callers use of one quota, in this process.

    Cost is known only once an operation was planned, so it may overdraw the bucket: the next request waits.
    """

    def __init__(self, quota: Quota, *, callers: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._full = float(quota.per_minute)
        self._per_second = quota.per_minute / 60
        self._callers = callers
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}
        self._policy = (b"ratelimit-policy", f'"{quota.name}";q={quota.per_minute};w=60'.encode())
        self._name = quota.name.encode()

    def take(self, caller: Hashable, amount: float) -> bool:
        """Whether the caller may use `amount` now; if so it is used. False leaves the bucket as it was."""
        bucket = self._filled(caller)
        if bucket.level < amount and bucket.level < self._full:
            return False
        bucket.level -= amount
        return True

    def left(self, caller: Hashable) -> int:
        """Units the caller may still use at once."""
        return max(0, int(self._filled(caller).level))

    def wait_s(self, caller: Hashable, amount: float) -> int:
        """Whole seconds until `amount` would be let through."""
        missing = min(amount, self._full) - self._filled(caller).level
        return max(1, math.ceil(missing / self._per_second))

    def headers(self, caller: Hashable) -> tuple[tuple[bytes, bytes], ...]:
        """The fields of the IETF draft `RateLimit header fields for HTTP`, for this quota."""
        bucket = self._buckets.get(caller)
        left = int(self._full if bucket is None else max(0.0, bucket.level))  # as of the caller's last request
        full_in_s = math.ceil((self._full - left) / self._per_second)
        return self._policy, (b"ratelimit", b'"%b";r=%d;t=%d' % (self._name, left, full_in_s))

    def _filled(self, caller: Hashable) -> _Bucket:
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
