"""How the derivation reaches its rows: merges, bulk, the caller's settings, policies, and no scan of a whole table."""

import inspect
import json
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import psycopg
import pytest

from customer.lifecycle.facts import OrderFact
from customer.lifecycle.policy import LifecyclePolicyError, default_policy
from customer.lifecycle.rules import transitions
from profile_api.store.derive import named_statement
from profile_api.store.policy_parameters import policy_parameters
from profile_api.store.recompute import recompute_tenant
from profile_api.store.tenants import UnknownTenantError
from tests.integration.store.histories import START, Person, World, local_day, make_world, short_policy
from tests.integration.store.loading import NOW, Derivation

_DAYS = [START, START + timedelta(days=2), START + timedelta(days=5)]


def test_a_merge_joins_two_histories_and_unmerging_gives_both_back(derivation: Derivation) -> None:
    with derivation.undone():
        tenant, world = derivation.load(make_world(Random(11), people=2), bystanders=60)
        derivation.refresh(tenant, world)
        before = _transitions(derivation)
        derivation.execute("update customer set root_id = 0 where root_id = 10")
        derivation.refresh(tenant, world, [10])
        one, other = world.people
        joined = replace(
            one,
            orders=(*one.orders, *other.orders),
            events=(*one.events, *other.events),
            identified=(*one.identified, *other.identified),
        )
        merged = transitions(world.facts(joined), policy=world.policy)
        assert [row[:2] for row in _transitions(derivation)] == [(0, change.effective_at) for change in merged]
        for table in ("lifecycle_clock", "purchase_journey", "customer_metrics"):
            assert derivation.fetch(f"select 1 from {table} where customer_id = 10") == []
        derivation.execute("update customer set root_id = 10 where id >= 10")
        derivation.refresh(tenant, world, [0, 10])
        assert _transitions(derivation) == before


def test_a_late_order_changes_only_what_comes_after_it(derivation: Derivation) -> None:
    days = [
        OrderFact(id=n, ordered_at=at, received_at=at, local_day=local_day(at, "UTC")) for n, at in enumerate(_DAYS)
    ]
    *known, late = [(0, order) for order in days]
    person = Person(member_count=1, orders=tuple(known), events=(), identified=())
    with derivation.undone():
        tenant, world = derivation.load(World(zone="UTC", policy=short_policy(), people=(person,)), bystanders=60)
        derivation.refresh(tenant, world)
        derivation.execute("update lifecycle_transition set recorded_at = $1", NOW - timedelta(days=30))
        derivation.add_order(0, late[1])
        derivation.refresh(tenant, world, [0])
        rows = derivation.fetch(
            "select to_stage, recorded_at = $1 as is_new from lifecycle_transition order by effective_at", NOW
        )
        assert [tuple(row) for row in rows] == [
            ("NEW", False), ("DEVELOPING", False), ("LOYAL", True), ("LAPSING", True), ("FORMER", True),
        ]  # fmt: skip


@pytest.mark.parametrize(("bystanders", "recomputed"), [(18, 20), (19, 1)])
def test_a_twentieth_of_the_customers_leads_to_recomputing_everybody(
    derivation: Derivation, bystanders: int, recomputed: int
) -> None:
    with derivation.undone():
        tenant, world = derivation.load(make_world(Random(13), people=2), bystanders=bystanders)
        assert derivation.refresh(tenant, world, [0]).customers == recomputed


def test_the_callers_planner_settings_are_given_back(derivation: Derivation) -> None:
    with derivation.undone():
        tenant, world = derivation.load(make_world(Random(14), people=1), bystanders=60)
        derivation.execute("set local work_mem = '11MB'")
        derivation.refresh(tenant, world)
        derivation.refresh(tenant, world, [0])
        (row,) = derivation.fetch(
            "select current_setting('work_mem'), current_setting('enable_nestloop'), current_setting('plan_cache_mode')"
        )
        assert tuple(row) == ("11MB", "on", "auto")


def test_one_touched_customer_never_leads_to_reading_a_whole_table_of_facts(derivation: Derivation) -> None:
    policy = default_policy()
    numbers, windows, signals = policy_parameters(policy, until_year=2024)
    ids = [5]
    arguments: dict[str, tuple[object, ...]] = {
        "lifecycle_clock": (ids, ids, numbers, windows, 1),
        "lifecycle_transition": (ids, ids, numbers, signals, NOW),
        "journey": (ids, ids, list(policy.intent_events), policy.journey_break_days),
        "metrics": (ids, ids, NOW, 180, 7, 1),
        "lifecycle_missing_months": (ids, policy.version, 1),
    }
    facts = {"customer_order", "order_line", "order_adjustment", "identity", "lifecycle_clock", "lifecycle_transition"}
    with derivation.undone():
        _fill(derivation)
        derivation.execute("set local plan_cache_mode = force_generic_plan; set local enable_nestloop = off")
        for name, values in arguments.items():
            (row,) = derivation.fetch(f"explain (format json) {named_statement(name)}", *values)
            scanned = set(_scanned(json.loads(row["QUERY PLAN"])[0]["Plan"]))
            assert not {table for table in scanned if table in facts or table.startswith("event")}, name


@pytest.mark.parametrize("content", ["{", json.dumps({"version": "x"})])
def test_a_wrong_policy_file_changes_nothing(database_url: str, tmp_path: Path, content: str) -> None:
    _new_tenant(database_url)
    path = tmp_path / "policy.json"
    path.write_text(content)
    with pytest.raises(LifecyclePolicyError, match=r"policy\.json"):
        recompute_tenant(database_url, "shop", now=NOW, policy_file=path)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from lifecycle_policy").fetchone() == (0,)


def test_a_policy_in_force_stays_in_force_for_later_changes(database_url: str, tmp_path: Path) -> None:
    _new_tenant(database_url)
    document = json.loads(resources.files("customer.lifecycle").joinpath("policy_default.json").read_text("utf-8"))
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({**document, "version": "ours", "fallback_alert_days": 9}))
    told: list[tuple[int, int]] = []
    first = recompute_tenant(
        database_url, "shop", now=NOW, policy_file=path, progress=lambda done, total: told.append((done, total))
    )
    again = recompute_tenant(database_url, "shop", now=NOW + timedelta(days=1))
    assert first.policy_version == again.policy_version
    assert first.policy_version.startswith("ours+")
    assert (first.customers, first.changed_transitions, again.changed_transitions) == (1, 3, 0)
    assert told == [(1, 1)]
    with psycopg.connect(database_url) as connection:
        alert = connection.execute("select alert_at - last_order_at from lifecycle_clock").fetchone()
    assert alert == (timedelta(days=9),)


def test_an_unknown_tenant_is_named(database_url: str) -> None:
    with pytest.raises(UnknownTenantError, match="'shop'"):
        recompute_tenant(database_url, "shop", now=NOW)


def _new_tenant(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into tenant (id, key, name, currency, time_zone) overriding system value "
            "values (1, 'shop', 'Shop', 'EUR', 'UTC')"
        )
        connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at) overriding system value values (1, 1, 1, now())"
        )
        connection.execute(
            "insert into customer_order (tenant_id, customer_id, order_key, ordered_at, received_at, local_day, "
            "local_month, local_hour, channel, currency, source) "
            "values (1, 1, 'o', '2024-01-05 12:00Z', '2024-01-05 12:00Z', 19727, 648, 12, 'WEB', 'EUR', 'test')"
        )


def _transitions(derivation: Derivation) -> list[tuple[Any, ...]]:
    query = "select customer_id, effective_at, until_at, from_stage, to_stage, reason from lifecycle_transition"
    return [tuple(row) for row in derivation.fetch(f"{query} order by 1, 2")]


def _fill(derivation: Derivation) -> None:
    """Enough rows that reading a whole table would look dear."""
    derivation.load(World(zone="UTC", policy=short_policy(), people=()))
    for statement in _FILLING:
        derivation.execute(statement)


def _scanned(plan: dict[str, Any]) -> list[str]:
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return own + [table for part in plan.get("Plans", []) for table in _scanned(part)]


_FILLING = (
    "insert into customer (id, tenant_id, root_id, created_at) overriding system value "
    "select n, 1, n, now() from generate_series(1, 6000) n",
    "insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by) "
    "select 1, n, 'EMAIL', n::text, 'test', 'test', now(), 'test' from generate_series(1, 6000) n",
    "insert into customer_order (id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, "
    "local_month, local_hour, channel, currency, source) overriding system value "
    "select n, 1, n, n, now(), now(), 1, 1, 1, 'WEB', 'EUR', 'test' from generate_series(1, 6000) n",
    "insert into order_line (order_id, line_number, tenant_id, customer_id, category) "
    "select n, 1, 1, n, 'A' from generate_series(1, 6000) n",
    "insert into order_adjustment (tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at, received_at, "
    "local_day, source) select 1, n, n, n, 'RETURN', now(), now(), 1, 'test' from generate_series(1, 6000) n",
    "insert into event (tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, "
    "local_hour, source, message_key) select 1, n, 'Product Viewed', 'BROWSE', 'WEB', now(), now(), 1, 1, 1, 'test', "
    "gen_random_uuid() from generate_series(1, 6000) n",
    "insert into lifecycle_clock (tenant_id, customer_id, effective_at, order_count, cycle, policy_version, cause) "
    "select 1, n, now(), 1, 1, 'v', 'ORDER' from generate_series(1, 6000) n",
    "insert into lifecycle_transition (tenant_id, customer_id, model, effective_at, to_stage, reason, policy_version, "
    "cycle, recorded_at) select 1, n, 'relationship', now(), 'NEW', 'ORDER', 'v', 1, now() "
    "from generate_series(1, 6000) n",
    "analyze",
)


@pytest.mark.parametrize("name", ["lifecycle_clock", "lifecycle_transition", "journey", "metrics", "derived_members"])
def test_the_driver_keeps_every_statement_of_the_hot_path_prepared(name: str) -> None:
    most = inspect.signature(asyncpg.connect).parameters["max_cacheable_statement_size"].default
    assert len(named_statement(name)) < most
