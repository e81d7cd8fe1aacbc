"""What was met before is answered without a task, as it is by one; whatever is unusual is left to one."""

import asyncio

import msgspec
import psycopg
import pytest

from profile_api.audit.log import AuditLog
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Answer, AnswerKind, GraphError, GraphQLRequest
from tests.integration.graph.conftest import answered, caller, told
from tests.integration.graph.world import NOW

pytestmark = pytest.mark.anyio
CITY = "query City($id: ID!) { customer(id: $id) { id city } }"


def about(number: int, query: str = CITY) -> GraphQLRequest:
    return GraphQLRequest(query=query, variables={"id": f"cus_{number}"})


async def test_many_callers_of_many_tenants_are_each_told_their_own(engine: GraphEngine) -> None:
    await answered(engine, CITY, id="cus_101")
    asked = [(number, tenant) for number in (101, 103, 201, 203) for tenant in (1, 2)] * 20
    answers = await asyncio.gather(*(told(engine, about(number), by=caller(tenant)) for number, tenant in asked))
    for (number, tenant), answer in zip(asked, answers, strict=True):
        expected = await engine.execute(about(number), caller(tenant), now=NOW)
        assert (answer.kind, answer.body) == (expected.kind, expected.body)
    assert max(answer.timings.batch_size for answer in answers) > 1


async def test_only_what_was_met_before_and_takes_one_statement_is_answered_so(engine: GraphEngine) -> None:
    def reading(request: GraphQLRequest) -> object:
        return engine.reading(request, caller(), now=NOW, deadline_s=10, trace=b"")

    assert reading(about(101)) is None
    await answered(engine, CITY, id="cus_101")
    assert reading(about(101)) is not None
    past = 'query Past($id: ID!) { customer(id: $id, asOf: "2025-01-01T00:00:00Z") { lifecycle { stage } } }'
    live = "query Live($id: ID!) { customer(id: $id) { predictions(fresh: true) { churn { probability } } } }"
    write = (
        "mutation Write($id: ID!) { setConsent(input: {customerId: $id, purpose: \"x\", status: GRANTED})"
        " { customer { id } } }"
    )  # fmt: skip
    for query in (past, live, write):
        answer = await answered(engine, query, id="cus_103")
        assert b'"data"' in answer.body, answer.body
        assert reading(about(103, query)) is None
    with pytest.raises(GraphError, match="not an id of a customer"):
        reading(GraphQLRequest(query=CITY, variables={"id": "somebody"}))
    with pytest.raises(GraphError):
        reading(GraphQLRequest(query=CITY, variables={}))


async def test_marks_in_an_answer_and_failing_statements_are_told_as_by_a_task(
    engine: GraphEngine, world_url: str
) -> None:
    with psycopg.connect(world_url) as connection:
        connection.execute("update identity set score = 'NaN' where value = 'bob@shop.fr' and tenant_id = 1")
        connection.execute('update customer_metrics set acquisition = \'{"at": "not a time"}\' where customer_id = 205')
    marked = "query Marked($id: ID!) { customer(id: $id) { city identities { score } } }"
    failing = "query Failing($id: ID!) { customer(id: $id) { acquisition { at } } lifecyclePolicy { version } }"
    for number, tenant, query in ((103, 1, marked), (205, 2, failing)):
        expected = await engine.execute(about(number, query), caller(tenant), now=NOW)
        answers = await asyncio.gather(*(told(engine, about(number, query), by=caller(tenant)) for _ in range(3)))
        assert expected.kind is AnswerKind.PARTIAL
        assert [(answer.kind, answer.body) for answer in answers] == [(expected.kind, expected.body)] * 3
    mixed = await asyncio.gather(*(told(engine, about(n, failing), by=caller(2)) for n in (201, 205, 203)))
    assert [answer.kind for answer in mixed] == [AnswerKind.OK, AnswerKind.PARTIAL, AnswerKind.OK]


async def test_what_cannot_be_accounted_for_is_not_given(engine: GraphEngine) -> None:
    await answered(engine, CITY, id="cus_101")
    await engine._audit.close()
    engine._trail._log = AuditLog("postgresql://nowhere", most_waiting=0)
    reading = engine.reading(about(103), caller(), now=NOW, deadline_s=0.3, trace=b"")
    answer: asyncio.Future[Answer | Exception] = asyncio.get_running_loop().create_future()
    assert reading is not None
    reading.send(answer.set_result)
    refused = await answer
    assert isinstance(refused, Answer)
    assert refused.kind is AnswerKind.OVERLOADED
    assert b"Paris" not in refused.body


async def test_a_deadline_is_kept_while_the_database_is_busy(engine: GraphEngine, world_url: str) -> None:
    await answered(engine, CITY, id="cus_101")
    with psycopg.connect(world_url) as blocking:
        blocking.execute("lock table customer in access exclusive mode")
        reading = engine.reading(about(103), caller(), now=NOW, deadline_s=0.2, trace=b"")
        assert reading is not None
        answer: asyncio.Future[Answer | Exception] = asyncio.get_running_loop().create_future()
        reading.send(answer.set_result)
        late = await answer
        blocking.rollback()
    assert isinstance(late, Answer)
    assert msgspec.json.decode(late.body)["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert (await told(engine, about(103))).kind is AnswerKind.OK


async def test_whoever_asks_when_the_engine_has_ended_is_told_so(world_url: str) -> None:
    engine = GraphEngine(world_url, connections=1)
    await engine.start()
    await answered(engine, CITY, id="cus_101")
    before = asyncio.ensure_future(told(engine, about(103)))
    await asyncio.sleep(0)
    await engine.close()
    assert (await before).kind in (AnswerKind.OK, AnswerKind.PARTIAL)
    after = await told(engine, about(103))
    assert after.kind is AnswerKind.PARTIAL
    assert b"Paris" not in after.body
