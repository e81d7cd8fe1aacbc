"""Sends statements over a few connections: a free one sends at once, while all are busy requests of one plan gather
and go together as one statement. The database is not kept waiting for us: a connection has its next batch before the
answers of its last one are finished."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from profile_api.graph.connection import Connection, Statement, worth_another_try
from profile_api.graph.question import (
    Awaited,
    DeadlineError,
    OverloadedError,
    Question,
    Reply,
    Run,
    StatementError,
    UnavailableError,
)
from profile_api.graph.request import GraphError
from profile_api.store.database import FAILURES

LARGEST_BATCH = 64
SMALLEST_SHARE = 16  # below it, more statements cost more than a connection without work
_TIME_RESOLUTION_S = 0.05
_GRACE_S = 2.0


@dataclass(slots=True, eq=False)
class _Batch:
    """Questions under way over one connection."""

    connection: Connection
    statement: Statement
    questions: list[Question]
    is_at_database: bool = True
    sent: float = field(default_factory=time.perf_counter)


class Dispatcher:
    """Bounded connections, bounded queue."""

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
        self._most_waiting = most_waiting
        self._timeout = statement_timeout_s
        self._connections = [
            Connection(database_url, statement_timeout_s=statement_timeout_s, role=role) for _ in range(connections)
        ]
        self._free: list[Connection] = []
        self._waiting: dict[Statement, deque[Question]] = {}  # in order of the oldest request
        self._waiting_count = 0
        self._is_due = False
        self._is_closed = False
        self._under_way: dict[_Batch, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        for connection in self._connections:
            await connection.open()
            self._free.append(connection)
        self._watch = asyncio.create_task(self._watch_time())

    async def close(self) -> None:
        """What waits fails, and whatever is asked from now on."""
        self._is_closed = True
        tasks = [*self._under_way.values(), *([self._watch] if self._watch else [])]
        for queue in self._waiting.values():
            _fail(queue, StatementError(asyncio.CancelledError()))
        self._waiting.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self._free:
            await connection.close()
        self._free = []

    async def ask(self, statement: Statement, arguments: tuple[Any, ...], *, deadline_s: float) -> Reply:
        """The statement's answer for these values.

        Errors: OverloadedError, DeadlineError, UnavailableError, StatementError.
        """
        deadline = time.perf_counter() + deadline_s
        question = Awaited(arguments=arguments, deadline=deadline, reply=self._loop.create_future())
        self.submit(statement, question)
        return await question.reply

    def submit(self, statement: Statement, question: Question) -> None:
        """Has the question asked with the next batch of its statement. Errors: OverloadedError, StatementError."""
        if self._is_closed:
            raise StatementError(asyncio.CancelledError())
        if self._waiting_count >= self._most_waiting:
            raise OverloadedError
        question.since = time.perf_counter()
        queue = self._waiting.get(statement)
        if queue is None:
            queue = self._waiting[statement] = deque()
        queue.append(question)
        self._waiting_count += 1
        if self._free and not self._is_due:
            # Not before the other requests that became ready in this turn of the loop have joined: costs nobody time.
            self._is_due = True
            self._loop.call_soon(self._send_due)

    async def _watch_time(self) -> None:
        """One look at all questions now and then costs less than a timer for each, or for each statement."""
        while True:
            await asyncio.sleep(_TIME_RESOLUTION_S)
            now = time.perf_counter()
            for questions in [*self._waiting.values(), *(batch.questions for batch in self._under_way)]:
                _fail([question for question in questions if question.deadline < now], DeadlineError())
            for batch in self._under_way:
                if batch.is_at_database and now - batch.sent > self._timeout + _GRACE_S:
                    batch.connection.terminate()  # the database ends its statements itself, unless it is gone

    def _send_due(self) -> None:
        self._is_due = False
        self._send_next()

    def _send_next(self) -> None:
        """Gives free connections what has waited longest: its share, so that something is left for whichever is free
        next, while the answers of this batch are finished and their senders ask again."""
        while self._waiting and self._free:
            statement = next(iter(self._waiting))
            queue = self._waiting.pop(statement)
            share = max(math.ceil(len(queue) / (len(self._free) + 1)), SMALLEST_SHARE)
            taken = [queue.popleft() for _ in range(min(len(queue), share, LARGEST_BATCH))]
            if queue:
                self._waiting[statement] = queue
            self._waiting_count -= len(taken)
            questions = [question for question in taken if not question.is_settled]
            if questions:
                batch = _Batch(self._free.pop(), statement, questions)
                self._under_way[batch] = self._loop.create_task(self._send(batch))

    async def _send(self, batch: _Batch) -> None:
        questions = batch.questions
        try:
            texts = await self._at_database(batch)
            run = Run(batch.sent, time.perf_counter() - batch.sent, len(questions))
            await asyncio.sleep(0)  # the connection's next batch leaves first
            for question, text in zip(questions, texts, strict=False):  # no texts: each was asked by itself
                if not question.is_settled:
                    question.is_settled = True
                    question.answered(text, run)
        finally:
            _fail(questions, StatementError(asyncio.CancelledError()))
            del self._under_way[batch]

    async def _at_database(self, batch: _Batch) -> Sequence[bytes]:
        """The answers, after which the connection is another batch's; none when each had to be asked by itself."""
        try:
            return await batch.connection.texts(batch.statement, [question.arguments for question in batch.questions])
        except FAILURES as error:
            await self._one_by_one(batch, error)
            return []
        finally:
            batch.is_at_database = False
            self._free.append(batch.connection)
            self._send_next()

    async def _one_by_one(self, batch: _Batch, error: BaseException) -> None:
        """Finds out whose values were at fault, so that nobody fails for another's. A lone request that met a plan made
        stale by a migration, or a connection that broke, is asked once more."""
        if len(batch.questions) == 1 and not worth_another_try(error):
            _fail(batch.questions, StatementError(error))
        for question in batch.questions:
            if question.is_settled:
                continue
            if batch.connection.is_closed and not await _reopened(batch.connection):
                _fail(batch.questions, UnavailableError())
                return
            batch.sent = sent = time.perf_counter()
            try:
                [text] = await batch.connection.texts(batch.statement, [question.arguments])
                if not question.is_settled:
                    question.is_settled = True
                    question.answered(text, Run(sent, time.perf_counter() - sent, 1))
            except FAILURES as own:
                _fail([question], StatementError(own))


async def _reopened(connection: Connection) -> bool:
    try:
        await connection.open()
    except FAILURES:  # the change feed, which tries as well, tells it in the log now and then
        return False
    return True


def _fail(questions: Iterable[Question], error: GraphError) -> None:
    for question in questions:
        if not question.is_settled:
            question.is_settled = True
            question.failed(error)
