"""Where models run: a few threads beside the event loop, with a bounded number of requests waiting for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from scoring.errors import OverloadedError

_Answer = TypeVar("_Answer")


class ComputePool:
    """Runs blocking functions in `threads` threads; beyond `waiting` requests it refuses instead of queueing."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="scoring")
        self._limit = threads + waiting
        self._taken = 0

    async def run(self, work: Callable[[], _Answer]) -> _Answer:
        """The result of `work`, or its error; raises OverloadedError when too many are waiting."""
        if self._taken >= self._limit:
            raise OverloadedError(waiting=self._taken)
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        self._taken += 1
        future.add_done_callback(self._give_back)
        return await future

    @property
    def is_idle(self) -> bool:
        """Whether nobody runs or waits."""
        return self._taken == 0

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _give_back(self, _: asyncio.Future[_Answer]) -> None:
        self._taken -= 1
