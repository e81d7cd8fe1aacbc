"""Reads without a task: bound when they arrive, sent with the next batch, finished in one loop over its answers.

A task, a future and the wake-ups between them cost as much as finishing a small answer. What takes more than one
statement (marks in the answer, a statement that failed, a full trail) goes on in a task, by the steps of `Reads`.
"""

import asyncio
import time

from profile_api.graph.dispatch import Dispatcher
from profile_api.graph.errors import refused
from profile_api.graph.finish import fast_body
from profile_api.graph.question import Question, Reply, Run, StatementError
from profile_api.graph.reads import Asking, Reads
from profile_api.graph.request import Answer, AnswerKind, GraphError, Tell
from profile_api.graph.trail import Trail

_OK = AnswerKind.OK


class Readings:
    """What these reads share: where they are sent, how they are finished, what becomes of the unusual ones."""

    def __init__(self, dispatcher: Dispatcher, reads: Reads, trail: Trail) -> None:
        self.dispatcher = dispatcher
        self._reads = reads
        self._trail = trail
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Returns when those that went on in a task are told."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def finished(self, asking: Asking, text: bytes, run: Run, since: float) -> Answer | None:
        """The answer that leaves at once; None when it takes more than this statement."""
        finishing = time.perf_counter()
        body = fast_body(asking.plan, text)
        if body is None or not self._trail.leave_at_once(asking):
            return None
        timings = run.timings(since, 0.0, time.perf_counter() - finishing)
        return Answer(kind=_OK, body=body, timings=timings, operation=asking.document.kind)

    def finish_in_a_task(self, asking: Asking, reply: Reply | None, tell: Tell) -> None:
        """`reply` without the marks of persons; None when the statement failed."""

        async def finish() -> None:
            told: Answer | Exception
            try:
                told = await self._reads.answer(asking, reply)
                await self._trail.leave(asking)
            except GraphError as error:
                told = refused(error, operation=asking.document.kind)
            except Exception as error:  # noqa: BLE001  (whoever is told answers for it)
                told = error
            tell(told)

        task = asyncio.get_running_loop().create_task(finish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _nobody(_: Answer | Exception) -> None:
    """Is told of what was not sent."""


class BoundRead(Question, kw_only=True, eq=False):
    """One read, its values bound."""

    asking: Asking
    readings: Readings
    tell: Tell = _nobody

    @property
    def cost(self) -> int:
        """As of `PreparedOperation`."""
        return self.asking.document.cost.rows(self.asking.values)

    def send(self, tell: Tell) -> None:
        """Has it answered with the next batch."""
        self.tell = tell
        try:
            self.readings.dispatcher.submit(self.asking.plan, self)
        except GraphError as error:
            self.failed(error)

    def answered(self, text: bytes, run: Run) -> None:
        """Tells the answer, or goes on in a task."""
        asking = self.asking
        try:
            if asking.plan.leaves_trail:
                text = asking.without_persons(asking.plan, text)
            told: Answer | Exception | None = self.readings.finished(asking, text, run, self.since)
        except Exception as error:  # noqa: BLE001  (others of the batch wait for their answers)
            told = error
        if told is None:
            self.readings.finish_in_a_task(asking, Reply(text, run, self.since), self.tell)
        else:
            self.tell(told)

    def failed(self, error: GraphError) -> None:
        """Tells why not; what the whole statement could not say may be said field by field."""
        if isinstance(error, StatementError):
            self.readings.finish_in_a_task(self.asking, None, self.tell)
        else:
            self.tell(refused(error, operation=self.asking.document.kind))
