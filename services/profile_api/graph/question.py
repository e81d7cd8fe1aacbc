"""What is asked of the database, and what may come of it: one request's values, and who is told the answer."""

import asyncio
from typing import Any

import msgspec

from profile_api.graph.request import AnswerKind, ErrorCode, GraphError, Timings


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


class UnavailableError(GraphError):
    """No connection to PostgreSQL can be had."""

    def __init__(self) -> None:
        super().__init__(
            "the database cannot be reached; try again shortly",
            code=ErrorCode.UNAVAILABLE,
            kind=AnswerKind.UNAVAILABLE,
        )


class StatementError(GraphError):
    """PostgreSQL could not answer."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("the answer could not be read", code=ErrorCode.INTERNAL, kind=AnswerKind.PARTIAL)
        self.__cause__ = error


class Run(msgspec.Struct, frozen=True, gc=False):
    """One statement that was answered: when it was sent (by `time.perf_counter`), what it took, for how many."""

    sent: float
    database_s: float
    batch_size: int

    def timings(self, since: float, plan_s: float, finish_s: float) -> Timings:
        """The stages of one of the requests answered by it."""
        return Timings(plan_s, self.sent - since, self.database_s, finish_s, self.batch_size)


class Question(msgspec.Struct, kw_only=True, eq=False):
    """The values of one request, and who is told what became of them: `answered` or `failed`, once.

    Both are called while others of the batch wait for the same, so they must neither block nor raise.
    """

    arguments: tuple[Any, ...]
    deadline: float  # by time.perf_counter
    since: float = 0.0
    is_settled: bool = False

    def answered(self, text: bytes, run: Run) -> None:
        """The database's answer."""
        raise NotImplementedError

    def failed(self, error: GraphError) -> None:
        """DeadlineError, UnavailableError or StatementError."""
        raise NotImplementedError


class Reply(msgspec.Struct):
    """The text PostgreSQL answered with, as it came, and what it took."""

    text: bytes
    run: Run
    since: float


class Awaited(Question, kw_only=True, eq=False):
    """A question somebody awaits the answer to."""

    reply: "asyncio.Future[Reply]"

    def answered(self, text: bytes, run: Run) -> None:
        if not self.reply.done():  # not cancelled meanwhile
            self.reply.set_result(Reply(text, run, self.since))

    def failed(self, error: GraphError) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)
