"""A worker is killed while it scores, and another one finishes what it held; one that loses the database goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.integration.rescoring.scoring_stand_in import StandIn, running_stand_in

_SOON_S = 90.0  # 4 missed beats of 0.2 s, a look every 5 s, and what a loaded machine takes to start Python


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running_stand_in() as server:
        yield server


@contextmanager
def _worker(database_url: str, stand_in: StandIn) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "PARCOURS_SCORING_URL": stand_in.url,
        "PARCOURS_RESCORING_WORKER_HEARTBEAT_S": "0.2",
    }
    process = subprocess.Popen([sys.executable, "-m", "parcours", "serve", "worker"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def _request_customers(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            insert into tenant (id, key, name, currency, time_zone)
              overriding system value values (1, 't', 't', 'EUR', 'UTC');
            insert into customer (id, tenant_id, root_id, created_at)
              select n, 1, n, now() - interval '1 year' from generate_series(1, 5) n;
            select request_rescoring(1, array[1, 2, 3, 4, 5]::bigint[], 0::smallint, now())
            """
        )


def _count(database_url: str, table: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def _comes_true(claim: Callable[[], bool]) -> bool:
    until = time.monotonic() + _SOON_S
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_what_a_killed_worker_held_is_scored_by_another(database_url: str, stand_in: StandIn) -> None:
    stand_in.pause_s = 3.0  # longer than the killed worker lives
    _request_customers(database_url)
    with _worker(database_url, stand_in):
        stand_in.first_question()  # the job is in its hands; leaving kills it
    assert _count(database_url, "procrastinate.procrastinate_jobs where status = 'doing'") == 1
    stand_in.pause_s = 0.0
    with _worker(database_url, stand_in):
        assert _comes_true(lambda: _count(database_url, "latest_prediction") == 5)
    assert _count(database_url, "rescoring_request") == 0


def test_a_worker_goes_on_after_the_database_hung_up_on_it(database_url: str, stand_in: StandIn) -> None:
    its_own = "pg_stat_activity where datname = current_database() and application_name like 'parcours%'"
    with _worker(database_url, stand_in) as worker:
        assert _comes_true(lambda: _count(database_url, "procrastinate.procrastinate_workers") == 1)
        assert _count(database_url, f"(select pg_terminate_backend(pid) from {its_own}) as ended") > 0
        _request_customers(database_url)
        assert _comes_true(lambda: _count(database_url, "latest_prediction") == 5)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
