"""One import, one transaction: the tenant's lock, the caller's writes, what is derived from them, and the wake-up."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from profile_api.ingest.report import Progress
from profile_api.rescoring.queue import Urgency, request_rescoring
from profile_api.store.changes import MOST_NAMED, announce
from profile_api.store.database import connect
from profile_api.store.tenants import Tenant, ensure_tenant, find_tenant, lock_tenant

_ANALYSED = "customer, identity, event, customer_order, order_line, order_adjustment, received_message"


@dataclass(slots=True)
class StepTimes:
    """Tells a progress which step begins and remembers how long each took."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    _step: str | None = None
    _since: float = 0.0

    def __call__(self, step: str) -> None:
        self.finish()
        self._step, self._since = step, time.perf_counter()
        self.progress(step)

    def finish(self) -> None:
        if self._step is not None:
            spent = time.perf_counter() - self._since
            self.seconds[self._step] = round(self.seconds.get(self._step, 0.0) + spent, 3)
            self._step = None


def known_tenant(database_url: str, key: str) -> Tenant | None:
    """The tenant, None when nothing was imported for it yet. Not to be called from a running event loop."""

    async def find() -> Tenant | None:
        connection = await connect(database_url)
        try:
            tenant = await find_tenant(connection, key)
            if tenant is None:
                return None
            holds = "select exists (select from customer where tenant_id = $1)"
            return tenant if await connection.fetchval(holds, tenant.id) else None
        finally:
            await connection.close()

    return asyncio.run(find())


@asynccontextmanager
async def tenant_write(
    database_url: str, tenant: str, *, currency: str | None, time_zone: str | None
) -> AsyncIterator[tuple[asyncpg.Connection, Tenant]]:
    """A connection inside a transaction that holds the tenant's lock; commits at the end or leaves nothing behind."""
    connection = await connect(database_url, statement_timeout_s=3600)
    try:
        async with connection.transaction():
            kept = await ensure_tenant(connection, tenant, currency=currency, time_zone=time_zone)
            await lock_tenant(connection, kept.id)
            await connection.execute("set local synchronous_commit = on")
            await connection.execute("set local work_mem = '128MB'")
            yield connection, kept
    finally:
        await connection.close()


async def finish_write(
    connection: asyncpg.Connection, tenant: Tenant, touched: Sequence[int], *, now: datetime, progress: Progress
) -> None:
    """Recomputes what is derived from the touched roots' facts and announces the change, in the same transaction."""
    if not touched:
        return
    from profile_api.store.derive import refresh_derived

    progress("lifecycle and metrics")
    await connection.execute(f"analyze {_ANALYSED}")
    await refresh_derived(connection, tenant.id, list(touched), now=now)
    urgency = Urgency.CHANGE if len(touched) <= MOST_NAMED else Urgency.BULK
    await request_rescoring(connection, tenant.id, touched, urgency=urgency, requested_at=now)
    await announce(connection, tenant.id, touched)
