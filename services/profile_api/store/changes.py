"""The wake-up call after a commit: on which channel, and what it says."""

import json
from collections.abc import Sequence
from typing import Final

import asyncpg

CHANGE_CHANNEL: Final = "parcours_change"
MOST_NAMED: Final = 500
"""Ids in one notification; far below the 8,000 bytes PostgreSQL allows."""


async def announce(connection: asyncpg.Connection, tenant_id: int, touched: Sequence[int]) -> None:
    """Wakes up whoever listens, once this commits; `customers` is null when they are too many to name."""
    named = list(touched) if len(touched) <= MOST_NAMED else None
    payload = json.dumps({"tenant": tenant_id, "customers": named}, separators=(",", ":"))
    await connection.execute("select pg_notify($1, $2)", CHANGE_CHANNEL, payload)
