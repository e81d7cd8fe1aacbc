"""Which lifecycle policy a tenant uses: kept in the database, so that every process derives by the same one."""

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import asyncpg

from customer.lifecycle.policy import LifecyclePolicy, default_policy, parse_policy, read_policy_document


async def get_policy(
    connection: asyncpg.Connection, tenant_id: int, *, known_at: datetime | None = None
) -> LifecyclePolicy:
    """The policy activated last, by `known_at` if it is given; or the one that ships with the product."""
    document = await connection.fetchval(
        "select document::text from lifecycle_policy where tenant_id = $1 "
        "and activated_at <= coalesce($2::timestamptz, 'infinity') order by activated_at desc limit 1",
        *(tenant_id, known_at),
    )
    return default_policy() if document is None else _parsed(document)


async def activate_policy(
    connection: asyncpg.Connection, tenant_id: int, path: Path, *, now: datetime
) -> LifecyclePolicy:
    """Puts the policy of a file in force; what was derived must be recomputed then. Errors: LifecyclePolicyError."""
    document = read_policy_document(path)
    policy = parse_policy(document, origin=str(path))
    await connection.execute(
        "insert into lifecycle_policy (tenant_id, version, document, activated_at) values ($1, $2, $3, $4)",
        *(tenant_id, policy.version, json.dumps(document), now),
    )
    return policy


@lru_cache(maxsize=16)
def _parsed(document: str) -> LifecyclePolicy:
    return parse_policy(json.loads(document), origin="in the database")
