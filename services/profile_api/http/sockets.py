"""What all long-lived connections share: how many there may be, pauses filled with pings, callers checked again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class OpenSockets:
    """Counts open WebSockets and event streams against a bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0

    def has_room(self) -> bool:
        """Whether one more may be opened."""
        return self._open < self._most

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts one connection for as long as the block lasts."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


async def with_pauses(items: AsyncIterator[T], *, every_s: float) -> AsyncGenerator[T | None, None]:
    """The items, and None for every `every_s` seconds without one; closes `items` when it is closed itself."""
    waiting: asyncio.Task[T] | None = None
    try:
        while True:
            if waiting is None:
                waiting = asyncio.ensure_future(anext(items))
            done, _ = await asyncio.wait({waiting}, timeout=every_s)
            if not done:
                yield None
                continue
            try:
                item = waiting.result()
            except StopAsyncIteration:
                return
            finally:
                waiting = None
            yield item
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
