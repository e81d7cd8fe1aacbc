"""Recomputes what is derived from facts: gap references, clocks, stage transitions, purchase journeys and metrics."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import asyncpg

from customer.lifecycle.occasions import occasion_windows
from customer.lifecycle.policy import LifecyclePolicy, default_policy

CHUNK = 20_000
"""Customers per round of statements: what a round sorts stays in memory, and time stays linear."""

_FIRST_OCCASION_YEAR = 1990
_FEW = 100
_MANY = 1_000
_BULK_SHARE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedSummary:
    """How many customers (roots) were recomputed, how many transitions they have, and how many are new or altered."""

    customers: int
    transitions: int
    changed_transitions: int


async def refresh_derived(
    connection: asyncpg.Connection,
    tenant_id: int,
    customer_ids: Sequence[int] | None,
    *,
    now: datetime,
    policy: LifecyclePolicy | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DerivedSummary:
    """Recomputes the customers' derived tables in one transaction; None means everybody, references and RFM included.

    Ids may be roots, members or absorbed. After an unmerge, pass the ids of both persons. Many ids at once (a bulk
    import) change what customers are measured against, so they lead to recomputing everybody. `progress` is told how
    many customers of how many are done.
    """
    run = _Run(connection, tenant_id, now, policy or default_policy())
    async with connection.transaction():
        if customer_ids is None or await run.is_bulk(len(customer_ids)):
            return await run.everybody(progress)
        return await run.touched(list(customer_ids))


class _Run:
    def __init__(self, connection: asyncpg.Connection, tenant_id: int, now: datetime, policy: LifecyclePolicy) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.now = now
        self.policy = policy

    async def everybody(self, progress: Callable[[int, int], None] | None) -> DerivedSummary:
        await self.connection.execute("analyze customer, identity, event, customer_order, order_line, order_adjustment")
        await self._refresh_references(None)
        roots = await self._ids("select id from customer where tenant_id = $1 and id = root_id order by id")
        absorbed = await self._ids("select id from customer where tenant_id = $1 and id <> root_id")
        await self._forget(absorbed)
        total = DerivedSummary(customers=0, transitions=0, changed_transitions=0)
        for chunk in _chunks(roots):
            total = _sum(total, await self._recompute(chunk, chunk))
            if progress:
                progress(total.customers, len(roots))
        await self.connection.execute(_sql("metrics_rfm"), self.tenant_id, self.now)
        return total

    async def is_bulk(self, count: int) -> bool:
        """Whether so many customers changed that the others' references and quintiles must have changed, too."""
        if count < _MANY:
            return False
        known = await self.connection.fetchval("select count(*) from customer where tenant_id = $1", self.tenant_id)
        return bool(count * _BULK_SHARE >= known)

    async def touched(self, customer_ids: list[int]) -> DerivedSummary:
        rows = await self.connection.fetch(_sql("derived_members"), self.tenant_id, customer_ids)
        roots = sorted({row["root_id"] for row in rows})
        await self._forget([row["id"] for row in rows if row["id"] != row["root_id"]])
        missing = await self.connection.fetchval(
            _sql("lifecycle_missing_months"), roots, self.policy.version, self.tenant_id
        )
        if missing:
            await self._refresh_references(missing)
        total = DerivedSummary(customers=0, transitions=0, changed_transitions=0)
        for chunk in _chunks(roots):
            total = _sum(total, await self._recompute(chunk, chunk))
        return total

    async def _recompute(self, roots: list[int], ids: list[int]) -> DerivedSummary:
        run = self.connection
        plan = "force_generic_plan" if len(roots) <= _FEW else "force_custom_plan"
        await run.execute(f"set local plan_cache_mode = {plan}")
        numbers, windows, signals = _policy_parameters(self.policy, self.now.year)
        await run.execute(_sql("lifecycle_clear"), ids)
        await run.execute(_sql("lifecycle_clock"), roots, numbers, windows, self.tenant_id)
        counts = await run.fetchrow(_sql("lifecycle_transition"), roots, numbers, signals, self.now, ids)
        await run.execute("delete from purchase_journey where customer_id = any($1::bigint[])", ids)
        await run.execute(_sql("journey"), roots, list(self.policy.intent_events), self.policy.journey_break_days)
        await run.execute(
            _sql("metrics"), roots, self.now, self.policy.preference_half_life_days,
            self.policy.acquisition_trigger_days, self.tenant_id,
        )  # fmt: skip
        return DerivedSummary(
            customers=len(roots), transitions=counts["transition_count"], changed_transitions=counts["changed_count"]
        )

    async def _forget(self, absorbed: list[int]) -> None:
        for table in ("lifecycle_clock", "lifecycle_transition", "purchase_journey", "customer_metrics"):
            await self.connection.execute(f"delete from {table} where customer_id = any($1::bigint[])", absorbed)

    async def _refresh_references(self, months: list[int] | None) -> None:
        zone = ZoneInfo(await self.connection.fetchval("select time_zone from tenant where id = $1", self.tenant_id))
        today = self.now.astimezone(zone).date()
        await self.connection.execute(
            _sql("lifecycle_reference"), self.tenant_id, self.policy.version,
            [self.policy.alert_percentile, self.policy.lost_percentile], _months_since_1970(today), months,
        )  # fmt: skip

    async def _ids(self, query: str) -> list[int]:
        return [row["id"] for row in await self.connection.fetch(query, self.tenant_id)]


@cache
def _sql(name: str) -> str:
    return (files("profile_api.store") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def _policy_parameters(policy: LifecyclePolicy, year: int) -> tuple[str, str, str]:
    """The policy as the statements read it: its numbers, the windows of its occasions, its advocacy signals."""
    numbers = {
        "version": policy.version,
        "observation_window_days": policy.observation_window_days,
        "alert_percentile": policy.alert_percentile,
        "lost_percentile": policy.lost_percentile,
        "minimum_own_gaps": policy.minimum_own_gaps,
        "minimum_reference_gaps": policy.minimum_reference_gaps,
        "fallback_alert_days": policy.fallback_alert_days,
        "fallback_lost_days": policy.fallback_lost_days,
        "minimum_lapsing_days": policy.minimum_lapsing_days,
        "loyal_orders": policy.loyal_orders,
        "loyal_orders_in_window": policy.loyal_orders_in_window,
        "won_back_days": policy.won_back_days,
        "festive_years": policy.festive.minimum_years,
        "festive_share_percent": policy.festive.minimum_share_percent,
        "festive_orders_a_year": policy.festive.maximum_orders_a_year,
        "missed_occasions_alert": policy.missed_occasions_alert,
        "missed_occasions_lost": policy.missed_occasions_lost,
        "closure_events": policy.closure_events,
    }
    last_year = year + policy.missed_occasions_lost + 1
    windows = [
        {"key": window.key, "first_day": window.first_day, "last_day": window.last_day}
        for window in occasion_windows(policy.occasions, first_year=_FIRST_OCCASION_YEAR, last_year=last_year)
    ]
    signals = [
        {
            "rule": number,
            "count": rule.count,
            "event": signal.event,
            "where": dict(signal.where),
            "property": signal.property,
            "minimum": signal.minimum,
        }
        for number, rule in enumerate(policy.advocacy)
        for signal in rule.signals
    ]
    return json.dumps(numbers), json.dumps(windows), json.dumps(signals)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _sum(one: DerivedSummary, other: DerivedSummary) -> DerivedSummary:
    return DerivedSummary(
        customers=one.customers + other.customers,
        transitions=one.transitions + other.transitions,
        changed_transitions=one.changed_transitions + other.changed_transitions,
    )


def _months_since_1970(day: date) -> int:
    return (day.year - 1970) * 12 + day.month - 1
