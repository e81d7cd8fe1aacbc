"""The life cycle looked back on: computed from the facts of before an instant, and spliced in where it was asked for.

What is stored was derived from everything known today. Stages do not change by what came later, but the changes that
were to come then do, and so does everything once `knownAt` leaves facts out. So a request from another instant marks
the place, and the same selection is read over rows computed for it, which stand in for the tables.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from customer.lifecycle.rules import FOREVER, ClockPosition, Transition
from profile_api.graph.question import DeadlineError, StatementError
from profile_api.graph.request import ErrorCode, GraphError
from profile_api.graph.splicing import Splice
from profile_api.store.database import FAILURES
from profile_api.store.known_lifecycle import LifecycleThen, LookBackTooLargeError, get_lifecycle_then

THEN: Final = "\x00then"  # where the rows travel among the variables: no variable can have this name
THEN_PLACES: Final = Splice("then")
_TRANSITION_COLUMNS = (
    "customer_id bigint, model text, effective_at timestamptz, until_at timestamptz, from_stage text, to_stage text, "
    "reason text, facts jsonb, policy_version text, cycle integer, recorded_at timestamptz"
)
_CLOCK_COLUMNS = "customer_id bigint, effective_at timestamptz, alert_at timestamptz, lost_at timestamptz, basis text"
INSTEAD: Final = {
    table: f"(select * from jsonb_to_recordset(p.{given}::jsonb) told ({columns}))"
    for table, given, columns in (
        ("lifecycle_transition", "then_transitions", _TRANSITION_COLUMNS),
        ("lifecycle_clock", "then_clock", _CLOCK_COLUMNS),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsThen:
    """One person's rows, as the statement that reads them is given them."""

    customer_id: int
    transitions: str
    clock: str


THEN_PARAMETERS: Sequence[tuple[str, str, Any]] = (
    ("then_customer", "bigint", lambda values: values[THEN].customer_id),
    ("then_transitions", "text", lambda values: values[THEN].transitions),
    ("then_clock", "text", lambda values: values[THEN].clock),
)
THEN_CUSTOMER = "select person.* from {table:customer} person where person.id = p.then_customer"


class LookBack:
    """Computes over a few connections of its own, opened when somebody first looks back; one tenant at a time."""

    def __init__(self, database_url: str, *, connections: int = 2, role: str | None = None) -> None:
        self._database_url = database_url
        self._size = connections
        self._role = role
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def rows(
        self,
        tenant_id: int,
        customer_id: int,
        *,
        as_of: datetime | None,
        known_at: datetime | None,
        now: datetime,
        timeout_s: float,
    ) -> RowsThen:
        """The person's life cycle as it would have been told then. Errors: GraphError."""
        try:
            async with asyncio.timeout(max(timeout_s, 0.001)):
                then = await self._computed(tenant_id, customer_id, as_of, known_at, now)
        except LookBackTooLargeError as error:
            raise GraphError(str(error), code=ErrorCode.LIMIT_EXCEEDED) from error
        except TimeoutError as error:
            raise DeadlineError from error
        except FAILURES as error:
            raise StatementError(error) from error
        return _rows(customer_id, then, now)

    async def _computed(
        self, tenant_id: int, customer_id: int, as_of: datetime | None, known_at: datetime | None, now: datetime
    ) -> LifecycleThen:
        pool = await self._opened()
        async with pool.acquire() as connection:
            await connection.fetchval("select set_config('parcours.tenant', $1, false)", str(tenant_id))
            ids = await _members(connection, tenant_id, customer_id, known_at)
            return await get_lifecycle_then(connection, tenant_id, ids, as_of=as_of, known_at=known_at, now=now)

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                role = {"role": self._role} if self._role is not None else {}
                self._pool = await asyncpg.create_pool(
                    self._database_url,
                    min_size=0,
                    max_size=self._size,
                    timeout=10,
                    command_timeout=10,
                    reset=_as_it_is,
                    server_settings={
                        "application_name": "parcours-lookback",
                        "timezone": "UTC",
                        "jit": "off",
                        "default_transaction_read_only": "on",
                        **role,
                    },
                )
            return self._pool


async def _as_it_is(_: object) -> None:
    """Connections go back without a round trip: the tenant, all that is set on them, is set anew each time."""


async def _members(
    connection: asyncpg.Connection, tenant_id: int, customer_id: int, known_at: datetime | None
) -> list[int]:
    """Who were known to be this person."""
    if known_at is None:
        found = await connection.fetch(
            "select id from customer where root_id = $1 and tenant_id = $2", customer_id, tenant_id
        )
    else:
        found = await connection.fetch(
            "select member_id from feature_member where customer_id = $1 and tenant_id = $2 "
            "and known_at < $3 and until_at >= $3",
            *(customer_id, tenant_id, known_at),
        )
    return [row[0] for row in found]


def _rows(customer_id: int, then: LifecycleThen, now: datetime) -> RowsThen:
    ends = [*(change.effective_at for change in then.transitions[1:]), FOREVER]
    transitions = [
        {
            "customer_id": customer_id,
            "model": "relationship",
            "effective_at": change.effective_at,
            "until_at": "infinity" if end is FOREVER else end,
            "from_stage": change.from_stage,
            "to_stage": change.to_stage,
            "reason": change.reason,
            "facts": _facts(change),
            "policy_version": then.policy_version,
            "cycle": change.position.cycle,
            "recorded_at": now,
        }
        for change, end in zip(then.transitions, ends, strict=False)
    ]
    clock = [] if then.position is None else [_clock(customer_id, then.position)]
    return RowsThen(customer_id=customer_id, transitions=_json(transitions), clock=_json(clock))


def _facts(change: Transition) -> Mapping[str, object]:
    position = change.position
    return {
        "orderCount": position.order_count,
        "lastOrderAt": _written(position.last_order_at),
        "alertAt": _written(position.alert_at),
        "lostAt": _written(position.lost_at),
        "basis": position.basis,
    }


def _written(instant: datetime | None) -> str | None:
    """As PostgreSQL writes an instant into JSON: no zeros at the end of a fraction."""
    if instant is None:
        return None
    text = instant.isoformat()
    head, dot, fraction = text.removesuffix("+00:00").partition(".")
    return f"{head}{dot}{fraction.rstrip('0')}+00:00"


def _clock(customer_id: int, position: ClockPosition) -> Mapping[str, object]:
    return {
        "customer_id": customer_id,
        "effective_at": position.effective_at,
        "alert_at": position.alert_at,
        "lost_at": position.lost_at,
        "basis": position.basis,
    }


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()
