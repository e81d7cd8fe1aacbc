"""Batches: how many questions go together and in which turn, and whom a failure or a lost connection costs what."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import psycopg
import pytest

from profile_api.graph.dispatch import LARGEST_BATCH, SMALLEST_SHARE, Dispatcher
from profile_api.graph.question import OverloadedError, Question, Run, StatementError, UnavailableError
from profile_api.graph.request import GraphError
from tests.conftest import database_of

pytestmark = pytest.mark.anyio
ENDS_ITS_CONNECTION = -1
_QUOTIENT = """
  case when value < 0 then concat(pg_terminate_backend(pg_backend_pid()), pg_sleep(600))
  else (1000 / value)::text end
"""


@dataclass(frozen=True, eq=False)
class Quotient:
    """A thousand by the value: zero fails. Notes its name when it is sent."""

    notes: list[str] = field(default_factory=list)
    name: str = "sent"

    @property
    def single(self) -> str:
        self.notes.append(self.name)
        return f"select {_QUOTIENT} from (select $1::integer as value) p"

    @property
    def batched(self) -> str:
        self.notes.append(self.name)
        return f"select place::integer, {_QUOTIENT} from unnest($1::integer[]) with ordinality p (value, place)"


class Noted(Question, kw_only=True, eq=False):
    """A question that notes what becomes of it."""

    notes: list[str]
    over: "asyncio.Future[Run | GraphError]"
    text: bytes = b""
    then: Callable[[], None] = lambda: None

    def answered(self, text: bytes, run: Run) -> None:
        self.notes.append("answered")
        self.text = text
        self.over.set_result(run)
        self.then()

    def failed(self, error: GraphError) -> None:
        self.notes.append("failed")
        self.over.set_result(error)


@pytest.fixture
async def dispatcher(postgres_url: str) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(postgres_url, connections=1)
    await dispatcher.start()
    yield dispatcher
    await dispatcher.close()


def asked(dispatcher: Dispatcher, statement: Quotient, values: Sequence[int]) -> list[Noted]:
    """Questions handed over in one turn of the loop."""
    over = asyncio.get_running_loop().create_future
    questions = [Noted(arguments=(value,), deadline=math.inf, notes=statement.notes, over=over()) for value in values]
    for question in questions:
        dispatcher.submit(statement, question)
    return questions


async def sizes(questions: Sequence[Noted]) -> list[int]:
    """The size of the batch each was answered with; 0 for those that failed."""
    outcomes = [await question.over for question in questions]
    return [outcome.batch_size if isinstance(outcome, Run) else 0 for outcome in outcomes]


async def test_a_connection_takes_half_of_what_waits_and_no_share_too_small_to_pay(dispatcher: Dispatcher) -> None:
    questions = asked(dispatcher, Quotient(), range(1, 41))
    assert await sizes(questions) == [20] * 20 + [SMALLEST_SHARE] * 16 + [4] * 4
    assert [question.text for question in questions] == [b"%d" % (1000 // value) for value in range(1, 41)]


async def test_connections_that_are_free_at_once_share(postgres_url: str) -> None:
    dispatcher = Dispatcher(postgres_url, connections=3)
    await dispatcher.start()
    found = await sizes(asked(dispatcher, Quotient(), [1] * 100))
    await dispatcher.close()
    assert found == [25] * 75 + [SMALLEST_SHARE] * 16 + [9] * 9  # the last quarter was left for whichever is free next


async def test_no_batch_is_larger_than_the_largest(dispatcher: Dispatcher) -> None:
    found = await sizes(asked(dispatcher, Quotient(), [1] * 300))
    assert found == [LARGEST_BATCH] * 192 + [54] * 54 + [27] * 27 + [16] * 16 + [11] * 11


async def test_the_next_batch_is_sent_before_the_answers_of_the_last_are_finished(dispatcher: Dispatcher) -> None:
    statement = Quotient()
    await sizes(asked(dispatcher, statement, [1] * 40))
    assert statement.notes == ["sent", "sent", *["answered"] * 20, "sent", *["answered"] * 20]


async def test_statements_take_turns(dispatcher: Dispatcher) -> None:
    notes: list[str] = []
    counts = {"long": 40, "short": 20, "lone": 1}
    waiting = [asked(dispatcher, Quotient(notes, name), [1] * count) for name, count in counts.items()]
    await sizes([question for questions in waiting for question in questions])
    assert [note for note in notes if note in counts] == ["long", "short", "lone", "long", "short", "long"]


async def test_a_question_that_fails_fails_alone(dispatcher: Dispatcher) -> None:
    questions = asked(dispatcher, Quotient(), [10, 20, 0, 30])
    assert await sizes(questions) == [1, 1, 0, 1]
    assert [question.text for question in questions] == [b"100", b"50", b"", b"33"]


async def test_a_question_that_ends_its_connection_fails_alone_and_what_follows_is_answered(
    dispatcher: Dispatcher,
) -> None:
    questions = asked(dispatcher, Quotient(), [10] * 24 + [ENDS_ITS_CONNECTION] + [10] * 15)
    assert await sizes(questions) == [20] * 20 + [1] * 4 + [0] + [1] * 11 + [4] * 4
    [lone] = asked(dispatcher, Quotient(), [ENDS_ITS_CONNECTION])
    assert isinstance(await lone.over, StatementError)
    assert await sizes(asked(dispatcher, Quotient(), [10])) == [1]


def _end_connections(url: str, *, of: str | None = None) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where application_name = 'parcours-graph' and datname = coalesce(%s, current_database())",
            (of,),
        )


@pytest.mark.parametrize("count", [1, 2])
async def test_a_connection_lost_between_two_batches_costs_nobody_an_answer(
    dispatcher: Dispatcher, postgres_url: str, count: int
) -> None:
    statement = Quotient()
    for _ in range(3):
        assert await sizes(asked(dispatcher, statement, [10] * count)) == [count] * count
        _end_connections(postgres_url)
        assert await sizes(asked(dispatcher, statement, [10] * count)) == [1] * count


async def test_a_connection_lost_under_the_next_batch_costs_nobody_an_answer(
    dispatcher: Dispatcher, postgres_url: str
) -> None:
    questions = asked(dispatcher, Quotient(), [10] * 40)
    questions[0].then = lambda: _end_connections(postgres_url)
    assert 0 not in await sizes(questions)


async def test_more_than_may_wait_is_refused_until_some_were_sent(postgres_url: str) -> None:
    dispatcher = Dispatcher(postgres_url, connections=1, most_waiting=3)
    await dispatcher.start()
    questions = asked(dispatcher, Quotient(), [1] * 3)
    with pytest.raises(OverloadedError):
        asked(dispatcher, Quotient(), [1])
    assert await sizes(questions) == [3] * 3
    assert await sizes(asked(dispatcher, Quotient(), [1])) == [1]
    await dispatcher.close()


async def test_what_waits_when_the_dispatcher_is_closed_is_told_so(postgres_url: str) -> None:
    dispatcher = Dispatcher(postgres_url, connections=1)
    await dispatcher.start()
    questions = asked(dispatcher, Quotient(), [1] * 40)
    await dispatcher.close()
    assert await sizes(questions) == [0] * 40
    with pytest.raises(StatementError):
        asked(dispatcher, Quotient(), [1])


async def test_while_no_connection_can_be_had_questions_are_told_so_and_afterwards_answered(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("create database away template template_parcours")
        dispatcher = Dispatcher(database_of(postgres_url, "away"), connections=1)
        await dispatcher.start()
        server.execute("alter database away allow_connections false")
        _end_connections(database_of(postgres_url, "postgres"), of="away")
        for count in (1, 3):
            outcomes = [await question.over for question in asked(dispatcher, Quotient(), [10] * count)]
            assert [type(outcome) for outcome in outcomes] == [UnavailableError] * count
        server.execute("alter database away allow_connections true")
        assert await sizes(asked(dispatcher, Quotient(), [10])) == [1]
        await dispatcher.close()
        server.execute("drop database away with (force)")
