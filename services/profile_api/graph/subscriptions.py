"""When the events of a subscription are due: who watches what, and the values an event's plan is bound with."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from profile_api.graph.arguments import Arguments, Values
from profile_api.graph.changes import ChangeFeed, Listening
from profile_api.graph.parameters import CONVERSIONS, number_of_id
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.sql import template

CHANGE: Final = "\x00change"  # where the event travels among the variables: no variable can have this name

# A stage is dated before its transaction commits: a reading at `since` may not have seen what is dated earlier.
_OVERLAP: Final = timedelta(minutes=10)
_LONGEST_SINCE: Final = timedelta(days=31)
_LONGEST_WAIT_S: Final = 60.0
_PAUSE_S: Final = 0.05  # changes that follow each other faster are told together
_PAGE: Final = 500
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_KEYS: Final[dict[str, tuple[Any, int, datetime]]] = {
    "stages_written": ("0", 0, _BEGINNING),
    "stages_reached": (_BEGINNING, 0, _BEGINNING),
}


@dataclass(frozen=True, slots=True)
class _Look:
    """When a listener looked, and what the database showed then, as PostgreSQL writes a snapshot."""

    at: datetime
    snapshot: str


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
            model = CONVERSIONS["lifecycle_model"].convert(arguments.reader("model")(values))
            since = arguments.reader("since")(values)
            if since is not None and since < self._clock() - _LONGEST_SINCE:
                raise GraphError(
                    f"`since` may be at most {_LONGEST_SINCE.days} days ago; read the customers anew instead",
                    code=ErrorCode.BAD_ARGUMENT,
                )
            return self._stage_changes(tenant_id, model, stages, since)
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
        self, tenant_id: int, model: str, stages: Sequence[str] | None, since: datetime | None
    ) -> AsyncGenerator[Change, None]:
        """Each look tells what the one before it could not see: stages written by transactions that were not over then,
        and stages reached by time since. It reads page by page as the events are taken, and remembers nothing else."""
        pool = await self._started()
        with self._feed.listen(tenant_id) as listening:
            seen = await self._look(pool)
            if since is not None:
                first = (seen.at, since - _OVERLAP, None)
                async for change in self._told(pool, "stages_reached", (tenant_id, model, *first), stages):
                    yield change
            while True:
                due = await pool.fetchval(template("next_stage_change"), tenant_id, model, seen.at)
                await listening.wait(self._seconds_until(due))
                await asyncio.sleep(_PAUSE_S)
                before, seen = seen, await self._look(pool)
                written = (tenant_id, model, seen.at, before.snapshot, seen.snapshot)
                async for change in self._told(pool, "stages_written", written, stages):
                    yield change
                reached = (tenant_id, model, seen.at, before.at, before.snapshot)
                async for change in self._told(pool, "stages_reached", reached, stages):
                    yield change

    async def _look(self, pool: asyncpg.Pool) -> _Look:
        at = self._clock()  # before the snapshot: what takes effect in between is reached at the next look
        return _Look(at, await pool.fetchval("select pg_current_snapshot()::text"))

    async def _told(
        self, pool: asyncpg.Pool, query: str, bounds: tuple[Any, ...], stages: Sequence[str] | None
    ) -> AsyncGenerator[Change, None]:
        """The news of one query, page after page; no connection is held while an event is being taken."""
        keys = _FIRST_KEYS[query]
        while True:
            rows = await pool.fetch(template(query), *bounds, *keys, _PAGE)
            for row in rows:
                if not stages or row["to_stage"] in stages:
                    yield Change(row["customer_id"], row["effective_at"])
            if len(rows) < _PAGE:
                return
            keys = (rows[-1][3], rows[-1]["customer_id"], rows[-1]["effective_at"])

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
