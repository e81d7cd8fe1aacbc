"""Writes the trail: reads wait in memory for some milliseconds and go to the database together.

An answer leaves once its read waits here. When there is no room, the answer waits; when there is still none at its
deadline, it is refused: personal data that cannot be accounted for is not given out. A graceful stop writes what waits.
A crash loses what was answered in the moments before it, at most `most_waiting` reads.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

import asyncpg
import msgspec
from prometheus_client import Counter, Gauge

from customer.errors import ParcoursError
from profile_api.audit.personal_data import PersonalDataRead
from profile_api.store.database import FAILURES

_LOG: Final = logging.getLogger("parcours.audit")
_LARGEST_BATCH: Final = 1_000
_TOGETHER_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 5.0
_STOP_WITHIN_S: Final = 10.0
_FORGET_EVERY_S: Final = 3_600.0
_TENANT: Final = attrgetter("tenant_id")
_INSERT: Final = """
insert into personal_data_read (tenant_id, at, caller, roles, operation, trace_id, customers, read, withheld)
select $1, at, caller, roles, operation, trace_id, customers, read, withheld
from json_to_recordset($2::json) as found (
  at timestamptz, caller text, roles text[], operation text, trace_id text, customers bigint[], read text[],
  withheld text[]
)
"""

WAITING: Final = Gauge(
    "parcours_audit_waiting", "Reads of personal data not yet written to the trail", multiprocess_mode="livesum"
)
WRITTEN: Final = Counter("parcours_audit_written", "Reads of personal data written to the trail")
LOST: Final = Counter("parcours_audit_lost", "Reads of personal data that could not be written to the trail")


class TrailFullError(ParcoursError):
    """The trail takes no more for now."""

    def __init__(self, *, waiting: int) -> None:
        super().__init__(
            f"{waiting} reads of personal data wait to be written to the trail, and no more fit; "
            "see whether the database takes writes"
        )


class AuditLog:
    """One writer per process over one connection, made when the first read comes."""

    def __init__(
        self, database_url: str, *, role: str | None = None, most_waiting: int = 10_000, kept_days: int = 400
    ) -> None:
        self._database_url = database_url
        self._role = role
        self._most_waiting = most_waiting
        self._kept_days = kept_days
        self._waiting: deque[PersonalDataRead] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Condition()
        self._stopping = False
        self._writer: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None
        self._forgot_at = 0.0

    async def record(self, read: PersonalDataRead, *, within_s: float) -> None:
        """Returns once the read waits to be written, at once unless there is no room. Errors: TrailFullError."""
        if not self.record_at_once(read):
            await self._wait_for_room(within_s)
            self._wake_writer()
            self._waiting.append(read)

    def record_at_once(self, read: PersonalDataRead) -> bool:
        """Whether the read waits to be written now; False when there is no room."""
        if len(self._waiting) >= self._most_waiting:
            return False
        if not self._waiting:
            self._wake_writer()
        self._waiting.append(read)
        return True

    async def close(self) -> None:
        """Writes what waits, for at most ten seconds."""
        self._stopping = True
        self._arrived.set()
        if self._writer is not None:
            done, _ = await asyncio.wait({self._writer}, timeout=_STOP_WITHIN_S)
            if not done:
                self._writer.cancel()
                await asyncio.gather(self._writer, return_exceptions=True)
        if self._waiting:
            LOST.inc(len(self._waiting))
            _LOG.error("%d reads of personal data were not written to the trail", len(self._waiting))
            self._waiting.clear()
        if self._connection is not None:
            self._connection.terminate()

    def _wake_writer(self) -> None:
        self._arrived.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())

    async def _wait_for_room(self, within_s: float) -> None:
        try:
            async with asyncio.timeout(max(within_s, 0.0)), self._room:
                await self._room.wait_for(lambda: len(self._waiting) < self._most_waiting)
        except TimeoutError:
            raise TrailFullError(waiting=len(self._waiting)) from None

    async def _write_all(self) -> None:
        while not self._stopping or self._waiting:
            await self._arrived.wait()
            if not self._stopping and len(self._waiting) < _LARGEST_BATCH:
                await asyncio.sleep(_TOGETHER_S)
            if batch := list(islice(self._waiting, _LARGEST_BATCH)):
                await self._write_persistently(batch)
            for _ in batch:  # they counted as waiting until they were safe
                self._waiting.popleft()
            async with self._room:
                self._room.notify_all()
            WAITING.set(len(self._waiting))
            if not self._waiting:
                self._arrived.clear()

    async def _write_persistently(self, batch: Sequence[PersonalDataRead]) -> None:
        """Until it is written, however long the database is away; written twice if it vanished while it committed."""
        pause_s = 0.1
        while True:
            WAITING.set(len(self._waiting))
            try:
                await self._write(batch)
                WRITTEN.inc(len(batch))
                return
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeEncodeError) as error:
                await self._write_one_by_one(batch, error)
                return
            except FAILURES as error:
                _LOG.warning("%d reads of personal data wait: %s", len(self._waiting), type(error).__name__)
                self._disconnect()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _write_one_by_one(self, batch: Sequence[PersonalDataRead], error: Exception) -> None:
        """One read that the table refuses must not hold up the others."""
        if len(batch) > 1:
            for read in batch:
                await self._write_persistently([read])
            return
        if (fit := _fit(batch[0])) != batch[0]:
            await self._write_persistently([fit])
            return
        LOST.inc()
        _LOG.error(
            "a read of personal data of trace %s could not be written (%s)", batch[0].trace_id, type(error).__name__
        )

    async def _write(self, batch: Sequence[PersonalDataRead]) -> None:
        connection = await self._connected()
        by_tenant = sorted(batch, key=_TENANT)
        async with asyncio.timeout(10), connection.transaction():
            for tenant_id, reads in groupby(by_tenant, key=_TENANT):
                await connection.execute("select set_config('parcours.tenant', $1, true)", str(tenant_id))
                rows = msgspec.json.encode(list(reads)).decode()  # one statement for all
                await connection.execute(_INSERT, tenant_id, rows)
            await self._forget(connection)

    async def _forget(self, connection: asyncpg.Connection) -> None:
        """Now and then what is older than the retention goes, some rows at a time."""
        clock = asyncio.get_running_loop().time()
        if clock - self._forgot_at >= _FORGET_EVERY_S:
            await connection.fetchval("select forget_personal_data_reads($1)", self._kept_days)
            self._forgot_at = clock

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            role = {"role": self._role} if self._role is not None else {}
            self._connection = await asyncpg.connect(
                self._database_url,
                timeout=10,
                command_timeout=10,
                server_settings={"application_name": "parcours-audit", "timezone": "UTC", **role},
            )
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _fit(read: PersonalDataRead) -> PersonalDataRead:
    """A subject comes from an identity provider, which may send what PostgreSQL cannot keep."""
    return msgspec.structs.replace(read, caller=_text(read.caller), roles=tuple(_text(role) for role in read.roles))


def _text(value: str) -> str:
    return value.replace("\x00", "").encode(errors="replace").decode()
