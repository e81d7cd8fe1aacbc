"""Recomputing everything derived for a tenant: after a change of policy, or when facts were repaired by hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from profile_api.store.database import connect
from profile_api.store.derive import refresh_derived
from profile_api.store.lifecycle_policy import activate_policy, get_policy
from profile_api.store.tenants import get_tenant, lock_tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    customers: int
    transitions: int
    changed_transitions: int
    policy_version: str


def recompute_tenant(
    database_url: str,
    tenant: str,
    *,
    now: datetime,
    policy_file: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Recomputed:
    """All or nothing, while the tenant's other writers wait. Errors: UnknownTenantError, LifecyclePolicyError."""
    return asyncio.run(_recompute(database_url, tenant, now, policy_file, progress))


async def _recompute(
    database_url: str,
    tenant: str,
    now: datetime,
    policy_file: Path | None,
    progress: Callable[[int, int], None] | None,
) -> Recomputed:
    connection: asyncpg.Connection = await connect(database_url, statement_timeout_s=3600)
    try:
        async with connection.transaction():
            kept = await get_tenant(connection, tenant)
            await lock_tenant(connection, kept.id)
            if policy_file is not None:
                await activate_policy(connection, kept.id, policy_file, now=now)
            policy = await get_policy(connection, kept.id)
            done = await refresh_derived(connection, kept.id, None, now=now, policy=policy, progress=progress)
    finally:
        await connection.close()
    return Recomputed(
        customers=done.customers,
        transitions=done.transitions,
        changed_transitions=done.changed_transitions,
        policy_version=policy.version,
    )
