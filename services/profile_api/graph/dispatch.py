"""Sends statements over a few connections: a free one sends at once, while all are busy requests of one plan gather
and go together as one statement."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg

from profile_api.graph.request import AnswerKind, ErrorCode, GraphError

LARGEST_BATCH = 64
_MOST_PREPARED = 500
_DEADLINE_RESOLUTION_S = 0.05


class Statement(Protocol):
    """What is sent: the same question for one set of values, or for many at once."""

    @property
    def single(self) -> str: ...

    @property
    def batched(self) -> str: ...


class OverloadedError(GraphError):
    """Too many requests wait for the database."""

    def __init__(self) -> None:
        super().__init__(
            "the service is overloaded; try again shortly", code=ErrorCode.OVERLOADED, kind=AnswerKind.OVERLOADED
        )


class DeadlineError(GraphError):
    """The request's time ran out."""

    def __init__(self) -> None:
        super().__init__(
            "the deadline passed before the answer was ready",
            code=ErrorCode.DEADLINE_EXCEEDED,
            kind=AnswerKind.OVERLOADED,
        )


class StatementError(GraphError):
    """PostgreSQL could not answer."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("the answer could not be read", code=ErrorCode.INTERNAL, kind=AnswerKind.PARTIAL)
        self.__cause__ = error


@dataclass(slots=True)
class Reply:
    """The text PostgreSQL answered with, and what it took."""

    text: str
    queue_s: float
    database_s: float
    batch_size: int


@dataclass(slots=True, eq=False)
class _Waiting:
    arguments: tuple[Any, ...]
    reply: "asyncio.Future[Reply]"
    since: float
    deadline: float


@dataclass(slots=True, eq=False)
class _Connection:
    raw: asyncpg.Connection
    prepared: dict[str, Any] = field(default_factory=dict)
    prepared_count: int = 0
    tenant: int | None = None  # whose rows the database lets it see, when it connects with a role


class Dispatcher:
    """Bounded connections, bounded queue. Statements are prepared once per connection, with generic plans."""

    def __init__(
        self,
        database_url: str,
        *,
        connections: int = 4,
        most_waiting: int = 2000,
        statement_timeout_s: float = 10.0,
        role: str | None = None,
    ) -> None:
        """With `role`, connections take on that database role, whose row-level security shows one tenant at a time."""
        self._database_url = database_url
        self._role = role
        self._size = connections
        self._most_waiting = most_waiting
        self._timeout = statement_timeout_s
        self._free: list[_Connection] = []
        self._waiting: dict[Statement, deque[_Waiting]] = {}  # in order of the oldest request
        self._waiting_count = 0
        self._is_due = False
        self._pending: set[_Waiting] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._free = [await self._connect() for _ in range(self._size)]
        self._tasks.add(asyncio.create_task(self._watch_deadlines()))

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._free:
            await connection.raw.close(timeout=5)
        self._free = []

    async def ask(self, statement: Statement, arguments: tuple[Any, ...], *, deadline_s: float) -> Reply:
        """The statement's answer for these values. Errors: OverloadedError, DeadlineError, StatementError."""
        if self._waiting_count >= self._most_waiting:
            raise OverloadedError
        loop = asyncio.get_running_loop()
        since = time.perf_counter()
        waiting = _Waiting(arguments, loop.create_future(), since, since + deadline_s)
        queue = self._waiting.get(statement)
        if queue is None:
            queue = self._waiting[statement] = deque()
        queue.append(waiting)
        self._waiting_count += 1
        if self._free and not self._is_due:
            # Not before the other requests that became ready in this turn of the loop have joined: costs nobody time.
            self._is_due = True
            loop.call_soon(self._send_due)
        self._pending.add(waiting)
        try:
            return await waiting.reply
        finally:
            self._pending.discard(waiting)

    async def _watch_deadlines(self) -> None:
        """One look at all requests now and then costs less than a timer for each."""
        while True:
            await asyncio.sleep(_DEADLINE_RESOLUTION_S)
            now = time.perf_counter()
            for waiting in [one for one in self._pending if one.deadline < now]:
                if not waiting.reply.done():
                    waiting.reply.set_exception(DeadlineError())

    def _send_due(self) -> None:
        self._is_due = False
        self._send_next()

    def _send_next(self) -> None:
        """Gives a free connection what has waited longest, with everything of the same statement."""
        while self._waiting and self._free:
            statement = next(iter(self._waiting))
            queue = self._waiting.pop(statement)
            taken = [queue.popleft() for _ in range(min(len(queue), LARGEST_BATCH))]
            if queue:
                self._waiting[statement] = queue
            self._waiting_count -= len(taken)
            batch = [waiting for waiting in taken if not waiting.reply.done()]
            if batch:
                task = asyncio.get_running_loop().create_task(self._send(self._free.pop(), statement, batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send(self, connection: _Connection, statement: Statement, batch: Sequence[_Waiting]) -> None:
        sent = time.perf_counter()
        try:
            texts = await self._texts(connection, statement, [waiting.arguments for waiting in batch])
            took = time.perf_counter() - sent
            for waiting, text in zip(batch, texts, strict=True):
                if not waiting.reply.done():
                    waiting.reply.set_result(Reply(text, sent - waiting.since, took, len(batch)))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            await self._one_by_one(connection, statement, batch, error)
        finally:
            for waiting in batch:
                if not waiting.reply.done():
                    waiting.reply.set_exception(StatementError(asyncio.CancelledError()))
            await self._release(connection)

    async def _one_by_one(
        self, connection: _Connection, statement: Statement, batch: Sequence[_Waiting], error: BaseException
    ) -> None:
        """Finds out whose values were at fault, so that nobody fails for another's. A lone request that met a plan made
        stale by a migration, or a connection that broke, is asked once more."""
        if len(batch) == 1 and not _worth_another_try(error):
            if not batch[0].reply.done():
                batch[0].reply.set_exception(StatementError(error))
            return
        for waiting in batch:
            if waiting.reply.done():
                continue
            sent = time.perf_counter()
            try:
                if connection.raw.is_closed():
                    await self._reconnect(connection)
                [text] = await self._texts(connection, statement, [waiting.arguments])
                if not waiting.reply.done():
                    waiting.reply.set_result(Reply(text, sent - waiting.since, time.perf_counter() - sent, 1))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as own:
                if not waiting.reply.done():
                    waiting.reply.set_exception(StatementError(own))

    async def _texts(
        self, connection: _Connection, statement: Statement, many: Sequence[tuple[Any, ...]]
    ) -> Sequence[str]:
        if self._role is None:
            return await self._texts_at_once(connection, statement, many)
        # The database lets a connection see one tenant at a time, so a batch goes in one statement per tenant.
        texts = [""] * len(many)
        for tenant in dict.fromkeys(arguments[0] for arguments in many):
            places = [place for place, arguments in enumerate(many) if arguments[0] == tenant]
            await self._admit(connection, tenant)
            found = await self._texts_at_once(connection, statement, [many[place] for place in places])
            for place, text in zip(places, found, strict=True):
                texts[place] = text
        return texts

    async def _admit(self, connection: _Connection, tenant: int) -> None:
        """Tells the database whose rows this connection may see from now on."""
        if connection.tenant != tenant:
            connection.tenant = None
            await connection.raw.execute(f"set parcours.tenant = '{int(tenant)}'", timeout=self._timeout)
            connection.tenant = tenant

    async def _texts_at_once(
        self, connection: _Connection, statement: Statement, many: Sequence[tuple[Any, ...]]
    ) -> Sequence[str]:
        if len(many) == 1:
            prepared = await self._prepared(connection, statement.single)
            text: str = await prepared.fetchval(*many[0], timeout=self._timeout)
            return [text]
        prepared = await self._prepared(connection, statement.batched)
        rows = await prepared.fetch(*zip(*many, strict=True), timeout=self._timeout)
        texts = [""] * len(many)
        for number, text in rows:
            texts[number - 1] = text
        return texts

    async def _prepared(self, connection: _Connection, sql: str) -> Any:
        prepared = connection.prepared.get(sql)
        if prepared is None:
            if len(connection.prepared) >= _MOST_PREPARED:
                connection.prepared.pop(next(iter(connection.prepared)))
            connection.prepared_count += 1
            # Named by us: without its own cache, which could drop what we hold, the driver would parse at every call.
            name = f"graph_{connection.prepared_count}"
            prepared = connection.prepared[sql] = await connection.raw.prepare(sql, name=name, timeout=self._timeout)
        return prepared

    async def _connect(self) -> _Connection:
        raw = await asyncpg.connect(
            self._database_url,
            timeout=10,
            statement_cache_size=0,
            server_settings={
                "application_name": "parcours-graph",
                "timezone": "UTC",
                "plan_cache_mode": "force_generic_plan",
                "jit": "off",
                "default_transaction_read_only": "on",
                "statement_timeout": str(int(self._timeout * 1000)),
                "extra_float_digits": "1",
                **({"role": self._role} if self._role is not None else {}),
            },
        )
        return _Connection(raw)

    async def _reconnect(self, connection: _Connection) -> None:
        connection.prepared = {}
        connection.tenant = None
        connection.raw = (await self._connect()).raw

    async def _release(self, connection: _Connection) -> None:
        self._free.append(connection)
        self._send_next()


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(
        error,
        asyncpg.InvalidCachedStatementError | asyncpg.InterfaceError | asyncpg.PostgresConnectionError | OSError,
    )
