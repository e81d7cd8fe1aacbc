"""When the events of a subscription are due: who watches what, and the values an event's plan is bound with."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from profile_api.graph.arguments import Arguments, Values
from profile_api.graph.changes import ChangeFeed, Listening
from profile_api.graph.parameters import number_of_id
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.sql import template

CHANGE: Final = "\x00change"  # where the event travels among the variables: no variable can have this name

# A transition is recorded before its transaction commits, so what is older than the last look may still be news.
_OVERLAP: Final = timedelta(minutes=10)
_LONGEST_WAIT_S: Final = 60.0
_PAUSE_S: Final = 0.05  # changes that follow each other faster are told together
_MOST_NEWS: Final = 20_000


Told = OrderedDict[tuple[int, datetime, datetime], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What an event is about."""

    customer_id: int
    effective_at: datetime | None = None


CHANGE_PARAMETERS: Sequence[tuple[str, str, Callable[[Values], Any]]] = (
    ("change_customer", "bigint", lambda values: values[CHANGE].customer_id),
    ("change_at", "timestamptz", lambda values: values[CHANGE].effective_at),
)


def utc_now() -> datetime:
    """The engine's own clock for events: no request brings their instant along."""
    return datetime.now(UTC)


class Watch:
    """Tells when something is due. Listeners look at the tables over a few connections of their own."""

    def __init__(self, database_url: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._feed = ChangeFeed(database_url)
        self._database_url = database_url
        self._clock = clock
        self._pool: asyncpg.Pool | None = None
        self._starting = asyncio.Lock()

    async def close(self) -> None:
        """Ends the feed; listeners end with their subscriptions."""
        await self._feed.close()
        if self._pool is not None:
            await self._pool.close()

    def changes(
        self, field: str, arguments: Arguments, values: Values, *, tenant_id: int
    ) -> AsyncGenerator[Change, None]:
        """The events of one root field of `Subscription`, for as long as it is iterated."""
        if field == "customerChanged":
            customer_id = number_of_id("cus_", "customer")(arguments.reader("id")(values))
            at_once = arguments.reader("since")(values) is not None
            return self._customer_changes(tenant_id, customer_id, at_once=at_once)
        if field == "stageChanged":
            stages = arguments.reader("to")(values)
            return self._stage_changes(tenant_id, str(arguments.reader("model")(values)), stages)
        raise GraphError(f"nobody watches {field}", code=ErrorCode.INTERNAL)

    async def _customer_changes(
        self, tenant_id: int, customer_id: int, *, at_once: bool
    ) -> AsyncGenerator[Change, None]:
        pool = await self._started()
        with self._feed.listen(tenant_id) as listening:
            due = await self._next_instant(pool, listening, customer_id)
            if at_once:
                yield Change(customer_id)
            while True:
                woken = await listening.wait(self._seconds_until(due))
                if not woken and (due is None or due > self._clock()):
                    continue
                await asyncio.sleep(_PAUSE_S)
                due = await self._next_instant(pool, listening, customer_id)
                yield Change(customer_id)

    async def _next_instant(self, pool: asyncpg.Pool, listening: Listening, customer_id: int) -> datetime | None:
        """Narrows the listener to the person, who may have been merged since, and looks up the next stage change."""
        row = await pool.fetchrow(template("watched_customer"), listening.tenant_id, customer_id, self._clock())
        if row is None:
            raise GraphError("no customer has this id", code=ErrorCode.NOT_FOUND)
        listening.customers = frozenset({customer_id, row["root_id"]})
        next_at: datetime | None = row["next_at"]
        return next_at

    async def _stage_changes(
        self, tenant_id: int, model: str, stages: Sequence[str] | None
    ) -> AsyncGenerator[Change, None]:
        pool = await self._started()
        told: Told = OrderedDict()
        with self._feed.listen(tenant_id) as listening:
            looked_at = self._clock()
            await self._news(pool, tenant_id, model, told, looked_at)
            while True:
                due = await pool.fetchval(template("next_stage_change"), tenant_id, model, looked_at)
                await listening.wait(self._seconds_until(due))
                await asyncio.sleep(_PAUSE_S)
                looked_at = self._clock()
                for row in await self._news(pool, tenant_id, model, told, looked_at):
                    if not stages or row["to_stage"] in stages:
                        yield Change(row["customer_id"], row["effective_at"])

    async def _news(
        self, pool: asyncpg.Pool, tenant_id: int, model: str, told: Told, looked_at: datetime
    ) -> Sequence[Mapping[str, Any]]:
        """The stages entered since the last look; `told` remembers what the looks before it found."""
        rows = await pool.fetch(template("stage_news"), tenant_id, model, looked_at, looked_at - _OVERLAP, _MOST_NEWS)
        news = []
        for row in rows:
            key = (row["customer_id"], row["effective_at"], row["recorded_at"])
            if key not in told:
                told[key] = None
                news.append(row)
        while len(told) > 2 * _MOST_NEWS:
            told.popitem(last=False)
        return news

    def _seconds_until(self, due: datetime | None) -> float:
        if due is None:
            return _LONGEST_WAIT_S
        return min(max((due - self._clock()).total_seconds(), 0.0) + 0.001, _LONGEST_WAIT_S)

    async def _started(self) -> asyncpg.Pool:
        """The feed and the connections, from the first listener on: a process nobody listens to needs none."""
        async with self._starting:
            if self._pool is None:
                await self._feed.start()
                self._pool = await asyncpg.create_pool(
                    self._database_url,
                    min_size=1,
                    max_size=2,
                    timeout=10,
                    command_timeout=10,
                    server_settings={"application_name": "parcours-watch", "timezone": "UTC"},
                )
            return self._pool
