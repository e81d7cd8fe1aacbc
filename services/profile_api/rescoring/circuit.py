"""When to leave a failing neighbour alone: a circuit breaker as a small state machine that is told the time."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class CircuitBreaker:
    """Opens after `failures` failures in a row; after `rest_s` lets one attempt through to see whether it is over."""

    failures: int
    rest_s: float
    _failed: int = field(default=0, init=False)
    _closed_again_at: float = field(default=0.0, init=False)

    @property
    def is_open(self) -> bool:
        return self._failed >= self.failures

    def allows(self, now: float) -> bool:
        """Whether to try at `now` (monotonic seconds). While open, each rest allows one attempt."""
        if not self.is_open:
            return True
        if now < self._closed_again_at:
            return False
        self._closed_again_at = now + self.rest_s  # others wait for the outcome of this one
        return True

    def succeeded(self) -> None:
        self._failed = 0

    def failed(self, now: float) -> None:
        self._failed += 1
        if self.is_open:
            self._closed_again_at = now + self.rest_s
