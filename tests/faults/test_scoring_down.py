"""The scoring service dies, freezes, comes back; the network to it fails in every way: no read of a profile fails."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Caller, GraphQLRequest, Scope
from profile_api.rescoring.opening import live_scorer
from profile_api.rescoring.settings import RescoringSettings
from tests.faults.faulty_network import FaultyNetwork, faulty_network
from tests.ports import free_port
from tests.small_models import train_small_models

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_QUERY = """
query ($id: IdentityInput!) {
  customer(identity: $id) {
    id
    predictions(fresh: true) { churn { probability } notFresh { code message } }
  }
}
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_small_models(tmp_path_factory.mktemp("fault-models")).folder


@pytest.fixture
def port() -> int:
    return free_port()


@contextmanager
def _scoring(models: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`parcours serve scoring` as its own process, ready."""
    command = [sys.executable, "-m", "parcours", "serve", "scoring", "--models", str(models), "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "PARCOURS_HOME": str(models.parent)})
    try:
        for _ in range(600):
            if _is_ready(port):
                break
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(timeout=10)


def _is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=2, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


@pytest.fixture
def network(port: int) -> Iterator[FaultyNetwork]:
    """What lies between the profile API and the scoring service."""
    with faulty_network(port) as network:
        yield network


@pytest.fixture
async def engine(database_url: str, network: FaultyNetwork) -> AsyncIterator[GraphEngine]:
    await _one_customer(database_url)
    settings = RescoringSettings(
        scoring_url=f"http://127.0.0.1:{network.port}", live_deadline_s=3.0, breaker_failures=2, breaker_rest_s=0.2
    )
    engine = GraphEngine(database_url, live_scorer=live_scorer(database_url, settings, clock=lambda: NOW))
    await engine.start()
    yield engine
    await engine.close()


async def _one_customer(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """
        insert into tenant (id, key, name, currency, time_zone)
          overriding system value values (1, 't', 't', 'EUR', 'UTC');
        insert into customer (id, tenant_id, root_id, created_at) values (1, 1, 1, '2025-01-01Z');
        insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
          values (1, 1, 'USER_ID', 'u1', 't', 't', '2025-01-01Z', 't');
        insert into customer_order (tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month,
                                    local_hour, channel, currency, total_minor, source)
          select 1, 1, 'o' || n, at, at, extract(epoch from at)::int / 86400, 660, 9, 'WEB', 'EUR', 2500, 't'
          from generate_series(1, 5) n, lateral (select timestamptz '2025-06-01Z' + n * interval '40 days' as at) days
        """
    )
    await connection.close()


async def _read(engine: GraphEngine) -> dict[str, Any]:
    """The customer's predictions, from a read that must not fail whatever happens to scoring."""
    request = GraphQLRequest(query=_QUERY, variables={"id": {"type": "USER_ID", "value": "u1"}})
    caller = Caller(tenant_id=1, subject="test", scopes=frozenset(Scope))
    answer = msgspec.json.decode((await engine.execute(request, caller, now=NOW)).body)
    assert "errors" not in answer, answer
    predictions: dict[str, Any] = answer["data"]["customer"]["predictions"]
    return predictions


def _code(predictions: dict[str, Any]) -> str:
    code: str = predictions["notFresh"]["code"]
    return code


async def test_profiles_are_read_while_scoring_dies_freezes_and_comes_back(
    engine: GraphEngine, models: Path, port: int
) -> None:
    with _scoring(models, port) as process:
        assert await _is_fresh(engine)
        process.send_signal(signal.SIGSTOP)
        assert _code(await _read(engine)) == "DEADLINE_EXCEEDED"
        process.send_signal(signal.SIGCONT)
    dead = [_code(await _read(engine)) for _ in range(4)]
    assert set(dead) <= {"SCORING_UNREACHABLE", "CIRCUIT_OPEN"}
    with _scoring(models, port):
        assert await _is_fresh(engine)


async def test_profiles_are_read_while_the_network_to_scoring_is_slow_corrupt_and_cut(
    engine: GraphEngine, models: Path, port: int, network: FaultyNetwork
) -> None:
    with _scoring(models, port):
        assert await _is_fresh(engine)
        network.corrupts = True
        assert _code(await _read(engine)) in {"INVALID_ANSWER", "SCORING_UNREACHABLE"}
        network.corrupts, network.delay_s = False, 4.0
        assert _code(await _read(engine)) == "DEADLINE_EXCEEDED"
        network.delay_s, network.is_cut = 0.0, True
        cut = [_code(await _read(engine)) for _ in range(3)]
        assert set(cut) <= {"DEADLINE_EXCEEDED", "SCORING_UNREACHABLE", "CIRCUIT_OPEN"}
        network.is_cut = False
        assert await _is_fresh(engine)


async def _is_fresh(engine: GraphEngine) -> bool:
    """Whether predictions are fresh, or are so again within some rests of the breaker."""
    for _ in range(20):
        if (await _read(engine))["churn"] is not None:
            return True
        await asyncio.sleep(0.3)
    return False
