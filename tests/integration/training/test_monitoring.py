"""A champion in service: its stored predictions judged as they mature, alerts, and training again when it is due."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.training.shop import END, NOW, TINY, Order, write_orders
from training.data.examples import feature_frame
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot
from training.data.spine import build_spine
from training.monitoring.alerts import AlertNotDeliveredError, announce
from training.monitoring.findings import Status, challenged
from training.monitoring.matured import given_at, matured
from training.monitoring.observe import Observation, observe, record_observation
from training.monitoring.report import write_observation
from training.monitoring.shadow import shadowed
from training.registry import trainings
from training.registry.model_record import who_scored
from training.retraining import Outcome, Policy, continued, due, retrain
from training.settings import TrainingSettings

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own code warns of its own libraries

HORIZON = timedelta(days=30)
TRAINED_AT = END - timedelta(days=45)
POLICY = Policy(max_age=timedelta(days=28), patience=timedelta(days=7))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> TrainingSettings:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (key, name, currency, time_zone) values ('default', 'Shop', 'EUR', 'UTC')"
        )
    return TrainingSettings(home=tmp_path / "home", database_url=database_url, tracking_uri=None, tenant="default")


def taken(orders: list[Order], folder: Path, *, known_before: datetime) -> Snapshot:
    folder.mkdir(parents=True)
    file = write_orders(folder / "orders.csv", orders)
    return snapshot_from_orders(file, folder / "snapshot", known_before=known_before, now=NOW)[0]


def predict_into(url: str, training: trainings.Training, snapshot: Snapshot, at: datetime) -> None:
    """What the worker stores: every customer's answer at that instant."""
    present = feature_frame(snapshot, build_spine(snapshot, [at]))
    answers = training.trained.models.predict(present.values, as_of=at)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into prediction (tenant_id, customer_id, as_of, expires_at, created_at, feature_set, model_set, "
            "churn_probability, answer) select id, %s, %s, %s, %s, %s, %s, %s, %s from tenant",
            [
                (
                    int(customer), at, at + timedelta(hours=30), at, training.trained.models.feature_set,
                    training.registered.model_set, answer.churn.probability, json.dumps(asdict(answer)),
                )
                for customer, answer in zip(present.customer_id, answers, strict=True)
                if answer.churn is not None
            ],
        )  # fmt: skip


class Listener(HTTPServer):
    """A chat system's webhook; answers `status`."""

    status = 200
    heard: list[dict[str, Any]]


@contextmanager
def listening(status: int) -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.heard.append(json.loads(body))
            self.send_response(listener.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    listener = Listener(("127.0.0.1", 0), Handler)
    listener.status, listener.heard = status, []
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def address(listener: Listener) -> str:
    return f"http://127.0.0.1:{listener.server_port}/hook"


def test_a_champion_is_judged_by_what_it_said_and_trained_again_when_it_decays(
    settings: TrainingSettings, orders: list[Order], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = settings.database_url or ""
    assert due(url, "default", POLICY, now=END) == (True, "there is no champion yet")
    order = trainings.Order(as_of=TRAINED_AT, horizon_days=HORIZON.days, recipe=TINY, seed=1, force=True)
    before = taken(orders, tmp_path / "before", known_before=TRAINED_AT)
    training = trainings.train_and_register(settings, before, order, progress=lambda _: None)
    now = taken(orders, tmp_path / "now", known_before=END)
    said_at = END - HORIZON - timedelta(hours=1)
    predict_into(url, training, now, said_at)

    seen = observe(settings, now, now=END, progress=lambda _: None)
    assert seen.model_set == training.registered.model_set
    assert seen.judged_customers >= 100
    assert seen.status is not Status.NOT_YET
    assert {"churn_auc", "next_integrated_brier", "value_gini"} <= seen.measures.keys()
    assert seen.promised["churn_auc"]["value"] == pytest.approx(training.trained.models.spec.metrics["churn_auc"])
    page = write_observation(seen, tmp_path / "report")
    assert seen.model_set in page.read_text()
    assert json.loads((tmp_path / "report" / "monitoring.json").read_text())["status"] == seen.status

    check_shadow(url, training, now, said_at)
    decayed = observe(settings, now_silent(orders, tmp_path), now=END, progress=lambda _: None)
    assert decayed.status is Status.DECAYED
    told = write_observation(decayed, tmp_path / "decayed").read_text().split('<td class="words">')[1:]
    alerts = [sentence.startswith('<b class="bad">alert:') for sentence in told]
    assert alerts == sorted((finding.is_alert for finding in decayed.findings), reverse=True)  # alerts first
    with listening(200) as hook:
        announce(decayed, webhook=address(hook), metrics_file=tmp_path / "parcours.prom")
        assert hook.heard[0]["status"] == "DECAYED"
        assert "predicted less observed" in hook.heard[0]["text"]
    assert 'parcours_model_status{status="decayed"} 1.0' in (tmp_path / "parcours.prom").read_text()
    with listening(500) as hook, pytest.raises(AlertNotDeliveredError, match="answered 500"):
        announce(decayed, webhook=address(hook), metrics_file=None)

    check_when_due(settings, seen, decayed)
    check_who_scored(url, training, said_at)


def check_shadow(url: str, training: trainings.Training, snapshot: Snapshot, said_at: datetime) -> None:
    """A challenger that says what the champion said, but for churn, of which it knows nothing."""
    models, champion = training.trained.models, training.registered.model_set
    found = matured(snapshot, models, given_at(url, "default", champion, END - HORIZON), observed_until=END)
    assert found is not None
    assert shadowed(url, "default", found, challenger="other", champion=champion) is None
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into prediction_shadow (tenant_id, customer_id, as_of, created_at, feature_set, model_set, "
            "champion_model_set, horizon_days, churn_probability, p10_days, p50_days, p90_days, expected_minor) "
            "select tenant_id, customer_id, as_of, created_at, feature_set, 'other', model_set, %s, 0.5, "
            "(answer #>> '{next_purchase,p10_days}')::float8, (answer #>> '{next_purchase,p50_days}')::float8, "
            "(answer #>> '{next_purchase,p90_days}')::float8, (answer #>> '{value,expected_minor}')::float8 "
            "from prediction where as_of = %s",
            (HORIZON.days, said_at),
        )
    both = shadowed(url, "default", found, challenger="other", champion=champion)
    assert both is not None
    assert len(both.champion.churn) == len(found.customer_ids)
    churn, next_purchase, value = challenged(both.challenger, both.champion, "other")
    assert "other, churn: log loss worse than the champion" in churn.sentence
    assert "difference +0.0000" in next_purchase.sentence
    assert "difference +0.0000" in value.sentence


def now_silent(orders: list[Order], tmp_path: Path) -> Snapshot:
    """The shop, had all but one customer stayed away since the predictions were made."""
    gone = [order for order in orders if order.at < END - HORIZON or order.customer == "c0"]
    last = Order(
        customer="c0", order="last", at=END - timedelta(hours=2), amount=9.0, received=END - timedelta(hours=2)
    )
    return taken([*gone, last], tmp_path / "silent", known_before=END)


def check_when_due(settings: TrainingSettings, healthy: Observation, decayed: Observation) -> None:
    url = settings.database_url or ""
    later = datetime.now(END.tzinfo) + timedelta(days=10)
    fresh = Policy(max_age=timedelta(days=36500), patience=timedelta(days=7))
    assert "are waited" in due(url, "default", POLICY, now=later - timedelta(days=9))[1]
    assert due(url, "default", POLICY, now=later)[0]
    assert not due(url, "default", fresh, now=later)[0]
    record_observation(url, "default", decayed)
    assert due(url, "default", fresh, now=later) == (True, "monitoring found the champion decayed")
    record_observation(url, "default", healthy)
    wanted = trainings.Order(as_of=later, horizon_days=None, recipe=TINY, seed=1)
    assert continued(wanted, url, "default").horizon_days == HORIZON.days
    assert continued(replace(wanted, horizon_days=7), url, "default").horizon_days == 7
    if healthy.status is Status.HEALTHY:
        idle = retrain(settings, fresh, wanted, is_forced=False, progress=lambda _: None)
        assert idle.outcome is Outcome.NOT_DUE
    with psycopg.connect(url) as other:
        other.execute("select pg_advisory_lock(hashtext('parcours retrain'), hashtext('default'))")
        elsewhere = retrain(settings, fresh, wanted, is_forced=True, progress=lambda _: None)
        assert elsewhere.outcome is Outcome.RUNNING_ELSEWHERE


def check_who_scored(url: str, training: trainings.Training, said_at: datetime) -> None:
    with psycopg.connect(url) as connection:
        customer, tenant = next(iter(connection.execute("select customer_id, tenant_id from prediction limit 1")))
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) overriding system value values (%s, %s, %s, %s)",
            (customer, tenant, customer, said_at),
        )
    [found] = who_scored(url, "default", customer, said_at.date())
    assert found.model_set == training.registered.model_set
    assert found.data_hash == training.trained.models.spec.data_hash
    assert found.run_id == training.registered.run_id
    assert who_scored(url, "default", customer, date(2020, 1, 1)) == []
