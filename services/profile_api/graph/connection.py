"""One connection that reads: its settings, its prepared statements, and the tenant whose rows it is let see."""

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

_MOST_PREPARED = 500
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InternalClientError, OSError)


class Statement(Protocol):
    """What is sent: the same question for one set of values, or for many at once."""

    @property
    def single(self) -> str: ...

    @property
    def batched(self) -> str: ...


class Connection:
    """Answers one batch at a time. Whoever asks ends what takes too long: a timer for each statement costs more."""

    def __init__(self, database_url: str, *, statement_timeout_s: float, role: str | None) -> None:
        self._database_url = database_url
        self._timeout = statement_timeout_s
        self._role = role
        self._raw: asyncpg.Connection
        self._prepared: dict[str, Any] = {}
        self._prepared_count = 0
        self._tenant: int | None = None  # whose rows the database lets it see, when it connects with a role

    async def open(self) -> None:
        """Connects, or connects again. Statements are prepared once per connection, with generic plans."""
        self._prepared = {}
        self._tenant = None
        self._raw = await asyncpg.connect(
            self._database_url,
            timeout=10,
            statement_cache_size=0,
            server_settings={
                "application_name": "parcours-graph",
                "timezone": "UTC",
                "plan_cache_mode": "force_generic_plan",
                "jit": "off",
                "default_transaction_read_only": "on",
                "statement_timeout": str(int(self._timeout * 1000)),
                "extra_float_digits": "1",
                **({"role": self._role} if self._role is not None else {}),
            },
        )
        # Answers are finished JSON in UTF-8: to decode them would only mean to encode them again.
        await self._raw.set_type_codec("text", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")

    async def close(self) -> None:
        """Says goodbye to the database."""
        await self._raw.close(timeout=5)

    def terminate(self) -> None:
        """Breaks off whatever is under way, which then fails."""
        self._raw.terminate()

    @property
    def is_closed(self) -> bool:
        return bool(self._raw.is_closed())

    async def texts(self, statement: Statement, many: Sequence[tuple[Any, ...]]) -> Sequence[bytes]:
        """The answers to each of many sets of values, in their order; tenants come first in each. Errors: FAILURES."""
        try:
            return await self._texts(statement, many)
        except _LOST:
            self._raw.terminate()  # for a moment the driver takes a connection for open that the server gave up
            raise

    async def _texts(self, statement: Statement, many: Sequence[tuple[Any, ...]]) -> Sequence[bytes]:
        if self._role is None:
            return await self._texts_at_once(statement, many)
        # The database lets a connection see one tenant at a time, so a batch goes in one statement per tenant.
        tenants = dict.fromkeys([arguments[0] for arguments in many])
        if len(tenants) == 1:
            await self._admit(many[0][0])
            return await self._texts_at_once(statement, many)
        texts = [b""] * len(many)
        for tenant in tenants:
            places = [place for place, arguments in enumerate(many) if arguments[0] == tenant]
            await self._admit(tenant)
            found = await self._texts_at_once(statement, [many[place] for place in places])
            for place, text in zip(places, found, strict=True):
                texts[place] = text
        return texts

    async def _admit(self, tenant: int) -> None:
        """Tells the database whose rows this connection may see from now on."""
        if self._tenant != tenant:
            self._tenant = None
            await self._raw.execute(f"set parcours.tenant = '{int(tenant)}'", timeout=self._timeout)
            self._tenant = tenant

    async def _texts_at_once(self, statement: Statement, many: Sequence[tuple[Any, ...]]) -> Sequence[bytes]:
        if len(many) == 1:
            prepared = await self._statement(statement.single)
            text: bytes = await prepared.fetchval(*many[0])
            return [text]
        prepared = await self._statement(statement.batched)
        rows = await prepared.fetch(*zip(*many, strict=True))
        texts = [b""] * len(many)
        for number, text in rows:
            texts[number - 1] = text
        return texts

    async def _statement(self, sql: str) -> Any:
        prepared = self._prepared.get(sql)
        if prepared is None:
            if len(self._prepared) >= _MOST_PREPARED:
                self._prepared.pop(next(iter(self._prepared)))
            self._prepared_count += 1
            # Named by us: without its own cache, which could drop what we hold, the driver would parse at every call.
            name = f"graph_{self._prepared_count}"
            prepared = self._prepared[sql] = await self._raw.prepare(sql, name=name, timeout=self._timeout)
        return prepared


def worth_another_try(error: BaseException) -> bool:
    """Whether a plan was made stale by a migration, or the connection broke."""
    return isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.InterfaceError, *_LOST))
