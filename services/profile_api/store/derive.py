"""Recomputes what is derived from facts: gap references, clocks, stage transitions, purchase journeys and metrics."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import asyncpg

from customer.lifecycle.policy import LifecyclePolicy
from profile_api.store.lifecycle_policy import get_policy
from profile_api.store.policy_parameters import policy_parameters

CHUNK = 20_000
"""Customers per round of statements: what a round sorts stays in memory, and time stays linear."""

_BULK_SHARE = 20

# The planner cannot know how many rows the first steps of these long statements yield. Without nested loops its worst
# guess costs a hash table instead of a quadratic join; and for a few customers planning would cost more than running.
_FEW = 100
_MANY_WORK_MEM = "256MB"


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
    statement: Callable[[str], str] | None = None,
) -> DerivedSummary:
    """Recomputes the customers' derived tables in one transaction; None means everybody, references and RFM included.

    Ids may be roots, members or absorbed. After an unmerge, pass the ids of both persons. A twentieth of all customers
    or more change what customers are measured against, so they lead to recomputing everybody. `policy` defaults to the
    tenant's; `progress` is told how many customers of how many are done; `statement` gives other SQL, by name, than
    this package's own.
    """
    async with connection.transaction():
        policy = policy or await get_policy(connection, tenant_id)
        run = _Run(connection, tenant_id, now, policy, statement or named_statement)
        if customer_ids is None or await run.is_bulk(len(customer_ids)):
            return await run.everybody(progress)
        return await run.touched(list(customer_ids))


async def refresh_quintiles(connection: asyncpg.Connection, tenant_id: int, *, now: datetime) -> None:
    """Compares all buyers of the tenant with each other anew; single changes leave quintiles as they are."""
    await connection.execute(named_statement("metrics_rfm"), tenant_id, now)


@dataclass(frozen=True, slots=True)
class _Run:
    connection: asyncpg.Connection
    tenant_id: int
    now: datetime
    policy: LifecyclePolicy
    statement: Callable[[str], str]

    async def everybody(self, progress: Callable[[int, int], None] | None) -> DerivedSummary:
        await self._refresh_references(None)
        persons = await self._persons(self.statement("derived_everybody"), self.tenant_id)
        total = await self._recompute_all(persons, progress)
        await refresh_quintiles(self.connection, self.tenant_id, now=self.now)
        return total

    async def is_bulk(self, count: int) -> bool:
        """Whether so many customers changed that the others' references and quintiles must have changed, too."""
        few_more = await self.connection.fetchval(
            "select count(*) from (select from customer where tenant_id = $1 and id = root_id limit $2) as known",
            *(self.tenant_id, count * _BULK_SHARE + 1),
        )
        return bool(few_more <= count * _BULK_SHARE)

    async def touched(self, customer_ids: list[int]) -> DerivedSummary:
        persons = await self._persons(self.statement("derived_members"), self.tenant_id, customer_ids)
        members = [member for ids in persons.values() for member in ids]
        missing = await self.connection.fetchval(
            self.statement("lifecycle_missing_months"), members, self.policy.version, self.tenant_id
        )
        if missing:
            await self._refresh_references(missing)
        return await self._recompute_all(persons, None)

    async def _persons(self, query: str, *arguments: object) -> dict[int, list[int]]:
        """The member ids of each root."""
        persons: dict[int, list[int]] = {}
        for row in await self.connection.fetch(query, *arguments):
            persons.setdefault(row["root_id"], []).append(row["id"])
        return persons

    async def _recompute_all(
        self, persons: dict[int, list[int]], progress: Callable[[int, int], None] | None
    ) -> DerivedSummary:
        total = DerivedSummary(customers=0, transitions=0, changed_transitions=0)
        for roots in _chunks(sorted(persons)):
            members = [(member, root) for root in roots for member in persons[root]]
            await self._forget([member for member, root in members if member != root])
            async with _planner_settings(self.connection, few=len(members) <= _FEW):
                counts = await self._recompute([member for member, _ in members], [root for _, root in members])
            total = DerivedSummary(
                customers=total.customers + len(roots),
                transitions=total.transitions + counts["transition_count"],
                changed_transitions=total.changed_transitions + counts["changed_count"],
            )
            if progress:
                progress(total.customers, len(persons))
        return total

    async def _recompute(self, members: list[int], roots: list[int]) -> asyncpg.Record:
        run, policy = self.connection, self.policy
        numbers, windows, signals = policy_parameters(policy, until_year=self.now.year)
        await run.execute("delete from lifecycle_clock where customer_id = any($1::bigint[])", members)
        await run.execute(self.statement("lifecycle_clock"), members, roots, numbers, windows, self.tenant_id)
        counts = await run.fetchrow(self.statement("lifecycle_transition"), members, roots, numbers, signals, self.now)
        await run.execute("delete from purchase_journey where customer_id = any($1::bigint[])", members)
        await run.execute(
            self.statement("journey"), members, roots, list(policy.intent_events), policy.journey_break_days
        )
        await run.execute(
            self.statement("metrics"), members, roots, self.now, policy.preference_half_life_days,
            policy.acquisition_trigger_days, self.tenant_id,
        )  # fmt: skip
        return counts

    async def _forget(self, absorbed: list[int]) -> None:
        if not absorbed:
            return
        for table in ("lifecycle_clock", "lifecycle_transition", "purchase_journey", "customer_metrics"):
            await self.connection.execute(f"delete from {table} where customer_id = any($1::bigint[])", absorbed)

    async def _refresh_references(self, months: list[int] | None) -> None:
        percentiles = [self.policy.alert_percentile, self.policy.lost_percentile]
        statement = self.statement("lifecycle_reference")
        await self.connection.execute(statement, self.tenant_id, self.policy.version, percentiles, months)


@cache
def named_statement(name: str) -> str:
    """The text of this package's `sql/<name>.sql`."""
    return (files("profile_api.store") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@asynccontextmanager
async def _planner_settings(connection: asyncpg.Connection, *, few: bool) -> AsyncIterator[None]:
    """Settings for these statements alone: the rest of the caller's transaction gets its own back."""
    change = "select set_config('plan_cache_mode', $1, true), set_config('enable_nestloop', $2, true), " + (
        "set_config('work_mem', $3, true)"
    )
    names = ("plan_cache_mode", "enable_nestloop", "work_mem")
    kept = await connection.fetchrow(f"select {', '.join(f'current_setting({name!r})' for name in names)}")
    wanted = ("force_generic_plan", "off", kept[2]) if few else ("force_custom_plan", "off", _MANY_WORK_MEM)
    await connection.execute(change, *wanted)
    yield
    await connection.execute(change, *kept)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
