"""An order file in the database: once, whole or not at all."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from customer.errors import ParcoursError
from customer.local_time import UnknownTimeZoneError
from customer.message import message_key
from customer.order_file import OrderFileError
from customer.vocabulary import IdentityType
from parcours.cli import build_app
from profile_api.ingest.orders import import_orders
from profile_api.ingest.rejects import RejectsFileError, write_rejects
from profile_api.store.database import connect
from profile_api.store.tenants import TenantMismatchError
from tests.integration.ingest.reading import fact_counts, one, rows
from tests.unit.customer.order_files import order, write_csv

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two customers, three orders, one part return, one bad row."""
    return write_csv(
        tmp_path / "orders.csv",
        [
            order("o1", "2026-01-05 10:00", 10, "c1", product_id="p1", category="Tea"),
            order("o1", "2026-01-05 10:00", 5, "c1", product_id="p2", category="Pots"),
            order("o2", "2026-02-05 10:00", 20, "c1", product_id="p1", category="Tea"),
            order("o3", "2026-02-06 10:00", 30, "c2", product_id="p1", category="Tea"),
            order("r1", "2026-02-09 10:00", 4, "c1", product_id="p2", is_return="true"),
            order("o4", "2026-02-30", 4, "c2"),
        ],
    )


def test_the_statements_key_messages_as_python_does(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW)
    keys = rows(
        database_url,
        "select event.tenant_id, order_key, message_key from event join customer_order on customer_order.id = order_id "
        "where name = 'Order Completed' order by 2",
    )
    assert [key for _, _, key in keys] == [message_key(tenant, f"order:{order_key}") for tenant, order_key, _ in keys]
    assert len(keys) == 3


def test_a_file_becomes_customers_orders_lines_adjustments_and_touchpoints(database_url: str, file: Path) -> None:
    summary = import_orders(database_url, file, now=NOW)
    assert (summary.rows, summary.rejected, summary.customers_inserted) == (6, 1, 2)
    assert (summary.orders_inserted, summary.lines_inserted, summary.adjustments_inserted) == (3, 4, 1)
    assert rows(
        database_url, "select order_key, total_minor, net_minor, main_category from customer_order order by 1"
    ) == [
        ("o1", 1500, 1100, "Tea"),
        ("o2", 2000, 2000, "Tea"),
        ("o3", 3000, 3000, "Tea"),
    ]
    assert rows(database_url, "select name, count(*), count(order_id) from event group by 1 order by 1") == [
        ("Order Completed", 3, 3),
        ("Order Refunded", 1, 1),
    ]
    assert rows(database_url, "select type, value from identity order by value") == [
        ("USER_ID", "c1"),
        ("USER_ID", "c2"),
    ]
    assert one(database_url, "select count(*) from customer_metrics") == 2
    assert summary.rejects_file is not None
    assert Path(summary.rejects_file).read_text() == "row_number,reason\n6,ordered_at is not a date: 0000-00-00\n"


def test_importing_the_same_file_again_writes_nothing(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW)
    before = fact_counts(database_url)
    again = import_orders(database_url, file, now=NOW)
    assert fact_counts(database_url) == before
    assert (again.orders_unchanged, again.orders_inserted, again.orders_changed, again.customers_touched) == (
        3,
        0,
        0,
        0,
    )
    assert (again.events_inserted, again.adjustments_inserted, again.customers_inserted) == (0, 0, 0)


def test_an_order_described_otherwise_is_changed_with_its_lines(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW)
    changed = write_csv(file.parent / "later.csv", [order("o2", "2026-02-05 10:00", 25, "c1", product_id="p9")])
    summary = import_orders(database_url, changed, now=NOW)
    assert (summary.orders_changed, summary.orders_inserted) == (1, 0)
    assert rows(
        database_url,
        "select total_minor, product_id from customer_order join order_line on order_id = id where order_key = 'o2'",
    ) == [(2500, "p9")]


def test_an_order_known_as_another_customers_is_rejected(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW)
    summary = import_orders(
        database_url, write_csv(file.parent / "x.csv", [order("o1", "2026-03-01", 1, "c2")]), now=NOW
    )
    assert summary.orders_of_others == 1
    assert summary.rejects_file is not None
    assert "1,order o1 is known as another customer's" in Path(summary.rejects_file).read_text()
    assert one(database_url, "select total_minor from customer_order where order_key = 'o1'") == 1500


def test_returns_in_a_later_file_find_their_orders_in_the_database(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW)
    returns = [
        order("r2", "2026-03-01", 20, "c1", product_id="p1", is_return="true"),
        order("r3", "2026-03-01", 30, "c2", product_id="unknown", is_return="true"),
        order("r4", "2026-01-01", 1, "c2", product_id="p1", is_return="true"),
    ]
    import_orders(database_url, write_csv(file.parent / "returns.csv", returns), now=NOW)
    assert rows(
        database_url,
        "select adjustment_key, order_key from order_adjustment "
        "left join customer_order on order_id = customer_order.id order by 1",
    ) == [("r1#1", "o1"), ("r2#1", "o2"), ("r3#1", "o3"), ("r4#1", None)]
    assert rows(
        database_url, "select order_key, net_minor from customer_order where invalid_at is not null order by 1"
    ) == [
        ("o2", 0),
        ("o3", 0),
    ]


def test_returns_net_alike_whether_they_come_with_their_orders_or_in_a_later_file(
    database_url: str, tmp_path: Path
) -> None:
    bought = [
        order(f"o{n}", f"2026-01-{n + 1:02}", 10 + n, f"c{n % 3}", product_id=f"p{n % 4}", quantity=1)
        for n in range(20)
    ]
    returned = [
        order(f"r{n}", f"2026-01-{2 * n + 3:02}", 15, f"c{n % 4}", product_id=f"p{n % 5}", quantity=-1)
        for n in range(12)
    ] + [order("o4", "2026-01-30", 14, "c1", product_id="p0", is_return="true")]
    import_orders(database_url, write_csv(tmp_path / "all.csv", bought + returned), now=NOW, tenant="whole")
    import_orders(database_url, write_csv(tmp_path / "orders.csv", bought), now=NOW, tenant="split")
    import_orders(database_url, write_csv(tmp_path / "returns.csv", returned), now=NOW, tenant="split")

    def netted(tenant: str) -> tuple[object, object]:
        matches = (
            "select adjustment_key, order_key, amount_minor from order_adjustment join tenant on tenant_id = tenant.id "
            "left join customer_order on order_id = customer_order.id where tenant.key = %s order by 1"
        )
        orders = (
            "select order_key, refunded_minor, invalid_at, invalid_received_at from customer_order "
            "join tenant on tenant_id = tenant.id where tenant.key = %s order by 1"
        )
        return rows(database_url, matches, tenant), rows(database_url, orders, tenant)

    assert netted("whole") == netted("split")


def test_an_import_that_fails_leaves_nothing(database_url: str, file: Path) -> None:
    def trip(step: str) -> None:
        if step == "committing":
            raise ParcoursError("stumbled")

    with pytest.raises(ParcoursError, match="stumbled"):
        import_orders(database_url, file, now=NOW, progress=trip)
    assert set(fact_counts(database_url).values()) == {0}
    assert one(database_url, "select count(*) from tenant") == 0


@pytest.mark.parametrize("step", ["writing orders", "committing"])
def test_an_import_killed_half_way_leaves_nothing_and_can_be_repeated(
    database_url: str, file: Path, step: str, tmp_path: Path
) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from profile_api.ingest.orders import import_orders

        def die(step):
            if step == {step!r}:
                os.kill(os.getpid(), signal.SIGKILL)

        import_orders(os.environ["DATABASE_URL"], Path({str(file)!r}), progress=die)
    """
    environment = {**os.environ, "DATABASE_URL": database_url, "TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert set(fact_counts(database_url).values()) == {0}
    assert import_orders(database_url, file, now=NOW).orders_inserted == 3


def test_imports_of_one_tenant_take_turns(database_url: str, file: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: import_orders(database_url, file, now=NOW), range(2)))
    assert sorted(summary.orders_inserted for summary in both) == [0, 3]


def test_imports_of_one_file_at_once_leave_one_whole_list_of_rejects(tmp_path: Path) -> None:
    listed = tmp_path / "orders.csv.rejects.csv"

    def write(_: int) -> None:
        with duckdb.connect() as duck:
            duck.execute("create table order_reject as select i as row_number, 'why' as reason from range(20000) t(i)")
            for _ in range(5):
                assert write_rejects(duck, listed) == str(listed)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(listed.read_text().splitlines()) == 20_001
    assert list(tmp_path.iterdir()) == [listed]


def test_a_list_of_rejects_that_cannot_be_written_stops_the_import(database_url: str, file: Path) -> None:
    with pytest.raises(RejectsFileError, match=r"list of the 1 rows not taken cannot be written .* --rejects"):
        import_orders(database_url, file, now=NOW, rejects=file / "rejects.csv")
    assert set(fact_counts(database_url).values()) == {0}


def test_tenants_do_not_see_each_others_orders(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW, tenant="one")
    other = import_orders(database_url, file, now=NOW, tenant="two")
    assert (other.orders_inserted, other.customers_inserted, other.events_inserted) == (3, 2, 4)


def test_the_change_is_announced_with_the_touched_customers(database_url: str, file: Path) -> None:
    async def heard() -> dict[str, object]:
        connection = await connect(database_url)
        payloads: asyncio.Queue[str] = asyncio.Queue()
        await connection.add_listener("parcours_change", lambda *message: payloads.put_nowait(message[3]))
        await asyncio.to_thread(import_orders, database_url, file, now=NOW)
        payload = await asyncio.wait_for(payloads.get(), 10)
        await connection.close()
        found: dict[str, object] = json.loads(payload)
        return found

    announced = asyncio.run(heard())
    assert announced["customers"] == [row[0] for row in rows(database_url, "select id from customer order by id")]


def test_too_many_touched_customers_are_announced_without_naming_them(database_url: str, tmp_path: Path) -> None:
    many = write_csv(tmp_path / "many.csv", [order(f"o{n}", "2026-01-05", 1, f"c{n}") for n in range(600)])

    async def heard() -> str:
        connection = await connect(database_url)
        payloads: asyncio.Queue[str] = asyncio.Queue()
        await connection.add_listener("parcours_change", lambda *message: payloads.put_nowait(message[3]))
        await asyncio.to_thread(import_orders, database_url, many, now=NOW)
        payload = await asyncio.wait_for(payloads.get(), 10)
        await connection.close()
        return payload

    assert json.loads(asyncio.run(heard()))["customers"] is None


@pytest.mark.parametrize(
    ("written", "local_day", "local_hour"), [("2026-03-08T06:59:00Z", 20520, 1), ("2026-03-08T07:01:00Z", 20520, 3)]
)
def test_touchpoints_and_orders_agree_on_the_local_hour_when_the_clocks_change(
    database_url: str, tmp_path: Path, written: str, local_day: int, local_hour: int
) -> None:
    facts = [order("o", written, 5), order("r", written, 2, is_return="true")]
    import_orders(database_url, write_csv(tmp_path / "o.csv", facts), now=NOW, time_zone="America/New_York")
    assert rows(database_url, "select local_day, local_hour from customer_order") == [(local_day, local_hour)]
    assert set(rows(database_url, "select local_day, local_hour from event")) == {(local_day, local_hour)}
    assert one(database_url, "select local_day from order_adjustment") == local_day


def test_a_tenants_currency_and_time_zone_stay_what_they_are(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW, currency="GBP", time_zone="Europe/London")
    with pytest.raises(TenantMismatchError, match="keeps its facts in currency GBP"):
        import_orders(database_url, file, now=NOW, currency="USD")
    with pytest.raises(TenantMismatchError, match="time zone"):
        import_orders(database_url, file, now=NOW, time_zone="Europe/Paris")
    with pytest.raises(UnknownTimeZoneError, match="'Mars/Olympus' is not a time zone"):
        import_orders(database_url, file, now=NOW, tenant="new", time_zone="Mars/Olympus")


def test_a_tenant_without_customers_takes_on_the_currency_and_time_zone_of_its_first_file(
    database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into tenant (key, name, currency, time_zone) values ('default', 'D', 'EUR', 'UTC')")
    file = write_csv(tmp_path / "o.csv", [order("o1", "2026-01-05", currency="GBP")])
    import_orders(database_url, file, now=NOW, time_zone="Europe/London")
    assert rows(database_url, "select currency, time_zone from tenant") == [("GBP", "Europe/London")]


def test_a_file_that_cannot_be_read_leaves_the_database_alone(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,amount\nc,1\n")
    with pytest.raises(OrderFileError):
        import_orders(database_url, path, now=NOW)
    assert one(database_url, "select count(*) from tenant") == 0


def test_customer_ids_can_be_loyalty_cards(database_url: str, file: Path) -> None:
    import_orders(database_url, file, now=NOW, identity_type=IdentityType.LOYALTY_CARD)
    assert set(rows(database_url, "select type, value from identity")) == {
        ("LOYALTY_CARD", "c1"),
        ("LOYALTY_CARD", "c2"),
    }


def test_the_command_prints_its_summary_as_json(database_url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    result = CliRunner().invoke(build_app(), ["import", "orders", str(file), "--json", "--source", "shop"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["orders_inserted"], summary["source"]) == (3, "shop")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--map", "nonsense"], "expected theirs=ours, found 'nonsense'"),
        (["--channel", "pigeon"], "expected one of WEB, APP"),
        (["--identity", "shoe size"], "expected one of USER_ID"),
    ],
)
def test_options_that_cannot_be_are_refused(
    database_url: str, file: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    result = CliRunner().invoke(build_app(), ["import", "orders", str(file), *options])
    assert isinstance(result.exception, ParcoursError)
    assert says in str(result.exception)
