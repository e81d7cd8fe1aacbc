"""News of committed changes, from every process to every listener: LISTEN on one connection, fanned out in memory.

A notification only wakes listeners up; what changed is read from the tables. So nothing is lost when notifications
merge, come twice, or the connection breaks: after each (re)connection everybody is woken once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
import msgspec

from profile_api.store.changes import CHANGE_CHANNEL
from profile_api.store.database import FAILURES

_LOG: Final = logging.getLogger("parcours.changes")
_LIVENESS_CHECK_S: Final = 15.0
_LONGEST_PAUSE_S: Final = 10.0


class _News(msgspec.Struct, frozen=True):
    tenant: int
    customers: list[int] | None = None


class Listening:
    """One listener: woken when one of its customers (or anybody of its tenant) may have changed. Holds no queue."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        self.customers: frozenset[int] | None = None  # None: anybody
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Lets the listener look again."""
        self._woken.set()

    def concerns(self, tenant_id: int, customers: frozenset[int] | None) -> bool:
        """Whether news of these customers (None: too many to name) is news for this listener."""
        if tenant_id != self.tenant_id:
            return False
        return customers is None or self.customers is None or not self.customers.isdisjoint(customers)

    async def wait(self, timeout_s: float) -> bool:
        """Returns True as soon as it was woken since the last call, False after `timeout_s` without news."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True


class ChangeFeed:
    """Listens for as long as the process lives; connects when it starts, and again whenever it was cut off."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._listening: set[Listening] = set()
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def start(self) -> None:
        """Returns once changes are heard."""
        self._task = asyncio.create_task(self._keep_listening())
        await asyncio.wait_for(self._connected.wait(), 30)

    async def close(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def listen(self, tenant_id: int) -> Iterator[Listening]:
        """A listener for as long as the block lasts. What commits after it was entered wakes it."""
        listening = Listening(tenant_id)
        self._listening.add(listening)
        try:
            yield listening
        finally:
            self._listening.discard(listening)

    async def _keep_listening(self) -> None:
        pause_s = 0.1
        while True:
            try:
                await self._listen_until_cut_off()
                pause_s = 0.1
            except FAILURES as error:
                _LOG.warning("the change feed lost its connection (%s); trying again", type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _listen_until_cut_off(self) -> None:
        connection = await asyncpg.connect(
            self._database_url, timeout=10, server_settings={"application_name": "parcours-changes"}
        )
        cut_off = asyncio.Event()
        connection.add_termination_listener(lambda _: cut_off.set())
        try:
            await connection.add_listener(CHANGE_CHANNEL, self._hear)
            self._connected.set()
            for listening in self._listening:
                listening.wake()
            while not cut_off.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LIVENESS_CHECK_S):
                        await cut_off.wait()
                        return
                await connection.execute("select 1", timeout=5)  # a peer that vanished says nothing by itself
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            news = msgspec.json.decode(str(payload), type=_News)
        except msgspec.DecodeError:
            _LOG.warning("a notification on %s was not understood", CHANGE_CHANNEL)
            return
        customers = frozenset(news.customers) if news.customers is not None else None
        for listening in self._listening:
            if listening.concerns(news.tenant, customers):
                listening.wake()
