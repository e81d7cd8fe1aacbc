"""A small memory with two bounds: how many entries it holds and how long each is believed."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """A dictionary of at most `size` entries, the oldest forgotten first, each until its own deadline."""

    def __init__(self, *, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}

    def find(self, key: K) -> V | None:
        """The entry, or None when it was never there, is too old, or had to make room."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        deadline, value = entry
        if self._clock() >= deadline:
            self._entries.pop(key, None)
            return None
        return value

    def put(self, key: K, value: V, *, for_s: float) -> None:
        """Remembers `value` for `for_s` seconds."""
        self._entries.pop(key, None)
        while len(self._entries) >= self._size:
            self._entries.pop(next(iter(self._entries)))
        self._entries[key] = (self._clock() + for_s, value)

    def __len__(self) -> int:
        return len(self._entries)
