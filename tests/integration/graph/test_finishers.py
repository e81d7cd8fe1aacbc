"""However an operation is answered (alone, among others, by the fast or the full finisher), the answer is the same."""

import asyncio
import os
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from profile_api.graph.arguments import Values
from profile_api.graph.documents import Document
from profile_api.graph.engine import GraphEngine
from profile_api.graph.finish import fast_body, full_body
from profile_api.graph.plan import Plan
from profile_api.graph.reads import Asking
from profile_api.graph.request import AnswerKind, GraphQLRequest
from profile_api.graph.schema import catalogue
from tests.integration.graph.conftest import answered, caller, told
from tests.integration.graph.operations import Operation, operation
from tests.integration.graph.world import NOW

EXAMPLES = int(os.environ.get("PARCOURS_GENERATED_OPERATIONS", "60"))


class Bench:
    """An engine on an event loop of its own, for tests that hypothesis drives."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine = GraphEngine(url, connections=1)
        self.run(self.engine.start())

    def run(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    def close(self) -> None:
        self.run(self.engine.close())
        self.loop.close()


@pytest.fixture(scope="module")
def bench(world_url: str) -> Iterator[Bench]:
    bench = Bench(world_url)
    yield bench
    bench.close()


async def _text(engine: GraphEngine, document: Document, plan: Plan, values: Values, tenant: int) -> bytes:
    """The data as text, everything spliced in that is not stored."""
    asking = Asking(
        document=document, plan=plan, values=values, raw={}, caller=caller(tenant), now=NOW,
        deadline=time.perf_counter() + 20,
    )  # fmt: skip
    return (await engine._reads.reply(asking, plan, values)).text


async def _check(engine: GraphEngine, operation: Operation) -> None:
    request = GraphQLRequest(query=operation.query, variables=operation.variables)
    found = await engine._documents.get(request, caller())
    document, values = found.document, found.coerce(operation.variables)
    plan = await engine._documents.plan(document, values)
    alone = {tenant: await _text(engine, document, plan, values, tenant) for tenant in (1, 2)}
    among = await asyncio.gather(*(_text(engine, document, plan, values, tenant) for tenant in (1, 2, 1, 2, 2)))
    assert list(among) == [alone[1], alone[2], alone[1], alone[2], alone[2]]
    assert not _ids(msgspec.json.decode(alone[1]), "cus_2")
    assert not _ids(msgspec.json.decode(alone[2]), "cus_1")
    fast = fast_body(plan, alone[1])
    assert fast is not None
    if not plan.live and not plan.then:
        assert (await told(engine, request)).body == fast
    raw = found.raw(operation.variables)
    typed = document.typed_plan(engine.catalogue, values)
    data = msgspec.json.decode(await _text(engine, document, typed, values, 1))
    kind, full = full_body(engine.catalogue, typed, document.ast, document.operation, raw, data)
    assert kind is AnswerKind.OK, full
    assert msgspec.json.decode(fast) == msgspec.json.decode(full)


def _ids(value: Any, prefix: str) -> bool:
    if isinstance(value, dict):
        return any(_ids(one, prefix) for one in value.values())
    if isinstance(value, list):
        return any(_ids(one, prefix) for one in value)
    return isinstance(value, str) and value.startswith(prefix)


@pytest.mark.parametrize("first", range(0, EXAMPLES, 20))
def test_generated_operations_have_one_answer_whatever_the_way(bench: Bench, first: int) -> None:
    for seed in range(first, first + 20):
        generated = operation(catalogue().schema, Random(seed))
        try:
            bench.run(_check(bench.engine, generated))
        except Exception as error:
            error.add_note(f"seed {seed}: {generated}")
            raise


def test_a_stored_number_that_is_not_finite_is_an_error_on_its_path_only(bench: Bench, world_url: str) -> None:
    with psycopg.connect(world_url) as connection:
        connection.execute("update identity set score = 'NaN' where value = 'bob@shop.fr' and tenant_id = 1")
    query = '{ customer(id: "cus_103") { id identities { value score } timeline(first: 1) { edges { node { id } } } } }'
    answer = bench.run(answered(bench.engine, query))
    assert answer.kind is AnswerKind.PARTIAL
    response = msgspec.json.decode(answer.body)
    assert response["data"]["customer"]["identities"] == [{"value": "bob@shop.fr", "score": None}]
    assert response["data"]["customer"]["timeline"]["edges"][0]["node"]["id"].startswith("evt_103")
    [error] = response["errors"]
    assert error["path"] == ["customer", "identities", 0, "score"]
    assert error["extensions"]["code"] == "VALUE_UNREPRESENTABLE"


def test_a_statement_that_fails_costs_only_the_field_at_fault(bench: Bench, world_url: str) -> None:
    with psycopg.connect(world_url) as connection:
        connection.execute(
            'update customer_metrics set preferences = \'{"store": {"value": "x", "share": 1, "n": 2}}\','
            ' acquisition = \'{"at": "not a time"}\' where customer_id = 205'
        )
    query = (
        '{ a: customer(id: "cus_205") { acquisition { at } } b: customer(id: "cus_201") { id }'
        " c: lifecyclePolicy { version } }"
    )
    answer = bench.run(answered(bench.engine, query, by=caller(2)))
    response = msgspec.json.decode(answer.body)
    assert answer.kind is AnswerKind.PARTIAL
    assert response["data"]["a"] is None
    assert response["data"]["b"] == {"id": "cus_201"}
    assert response["data"]["c"]["version"]
    assert [(error["path"], error["extensions"]["code"]) for error in response["errors"]] == [(["a"], "INTERNAL")]


def test_one_bad_request_in_a_batch_fails_alone(bench: Bench) -> None:
    query = "query ($id: ID!) { customer(id: $id) { acquisition { at } } }"

    async def together() -> list[AnswerKind]:
        asked = [
            answered(bench.engine, query, by=caller(2), id=one) for one in ("cus_201", "cus_205", "cus_203", "cus_204")
        ]
        return [answer.kind for answer in await asyncio.gather(*asked)]

    assert bench.run(together()) == [AnswerKind.OK, AnswerKind.PARTIAL, AnswerKind.OK, AnswerKind.OK]


def test_requests_that_wait_go_as_one_statement_and_each_gets_its_own_answer(bench: Bench) -> None:
    query = "query ($id: ID!) { customer(id: $id) { id } }"

    async def together() -> list[tuple[str, int, Any]]:
        asked = [(f"cus_{tenant}0{n}", tenant) for n in (1, 3, 4, 5) for tenant in (1, 2)] * 8
        answers = await asyncio.gather(
            *(answered(bench.engine, query, by=caller(tenant), id=id_) for id_, tenant in asked)
        )
        return [
            (id_, answer.timings.batch_size, msgspec.json.decode(answer.body))
            for (id_, _), answer in zip(asked, answers, strict=True)
        ]

    results = bench.run(together())
    assert all(response == {"data": {"customer": {"id": id_}}} for id_, _, response in results)
    assert max(size for _, size, _ in results) > 10


def test_a_changed_table_does_not_break_prepared_statements(bench: Bench, world_url: str) -> None:
    query = '{ customer(id: "cus_101") { id traits { name } } }'
    before = bench.run(answered(bench.engine, query)).body
    with psycopg.connect(world_url) as connection:
        connection.execute("alter table customer add column nickname text")
        connection.execute("alter table customer drop column nickname")
        connection.execute("alter table customer alter column city type varchar(200)")
    assert bench.run(answered(bench.engine, query)).body == before


def test_a_lost_connection_is_replaced(bench: Bench, world_url: str) -> None:
    query = '{ customer(id: "cus_101") { id } }'
    bench.run(answered(bench.engine, query))
    with psycopg.connect(world_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'parcours-graph'"
            " and datname = current_database()"
        )
    answers = [bench.run(answered(bench.engine, query)).kind for _ in range(3)]
    assert answers == [AnswerKind.OK] * 3
