"""Allowances that hold for all processes together: each tells PostgreSQL what was used, and hears of the rest."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

import asyncpg
from prometheus_client import Counter

from profile_api.access.allowance import Allowance
from profile_api.store.database import FAILURES

UNSHARED: Final = Counter(
    "parcours_allowance_unshared", "Times a process could not tell what its callers had used; it counts for itself"
)
Identity = tuple[int, str]  # tenant and subject

_TELL_EVERY_S: Final = 1.0
_FORGET_EVERY_S: Final = 600.0
_SQL: Final = (files("profile_api.access") / "sql" / "tell_use.sql").read_text(encoding="utf-8")
_FORGET: Final = "delete from allowance_left where told_at < now() - interval '10 minutes'"


class SharedUse:
    """Keeps the buckets of this process in step with those in the database, of which they are copies.

    A caller who is answered by several processes may overdraw by what they use within a second. Asking the database
    before each request would bound that too, at the price of a statement for each.
    """

    def __init__(self, connections: asyncpg.Pool, allowances: Sequence[Allowance[Identity]]) -> None:
        self._connections = connections
        self._allowances = {allowance.name: allowance for allowance in allowances}

    async def keep_telling(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        forgot_at = loop.time()
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            try:
                await self.tell()
                if loop.time() - forgot_at > _FORGET_EVERY_S:
                    forgot_at = loop.time()
                    await self._connections.execute(_FORGET)
            except FAILURES:
                UNSHARED.inc()

    async def tell(self) -> None:
        """Tells what callers used here since the last time, and hears what they have left."""
        used = [
            (name, tenant_id, subject, amount, float(allowance.per_minute))
            for name, allowance in self._allowances.items()
            for (tenant_id, subject), amount in allowance.untold()
        ]
        if not used:
            return
        async with self._connections.acquire(timeout=2) as connection:
            rows = await connection.fetch(_SQL, *zip(*used, strict=True), timeout=2)
        for name, tenant_id, subject, amount, level in rows:
            self._allowances[name].told((tenant_id, subject), amount, level)
