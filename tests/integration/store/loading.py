"""Puts a generated world into PostgreSQL and reads back what was derived; undone after each use."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from customer.lifecycle.facts import EventFact, OrderFact
from customer.touchpoint import touchpoint_type
from profile_api.store.derive import DerivedSummary, refresh_derived
from tests.integration.store.histories import Person, World, local_day, obvious_references

NOW = datetime(2024, 6, 15, 9, tzinfo=UTC)


@dataclass(slots=True)
class Derivation:
    """One connection to an empty database, driven from synchronous tests."""

    runner: asyncio.Runner
    connection: asyncpg.Connection

    def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = self.runner.run(self.connection.fetch(query, *arguments))
        return rows

    def execute(self, query: str, *arguments: object) -> None:
        self.runner.run(self.connection.execute(query, *arguments))

    @contextmanager
    def undone(self) -> Iterator[None]:
        transaction = self.connection.transaction()
        self.runner.run(transaction.start())
        try:
            yield
        finally:
            self.runner.run(transaction.rollback())

    def refresh(
        self,
        tenant_id: int,
        world: World,
        customer_ids: list[int] | None = None,
        *,
        statement: Callable[[str], str] | None = None,
    ) -> DerivedSummary:
        return self.runner.run(
            refresh_derived(self.connection, tenant_id, customer_ids, now=NOW, policy=world.policy, statement=statement)
        )

    def refresh_at(self, tenant_id: int, now: datetime, *, statement: Callable[[str], str] | None = None) -> None:
        self.runner.run(refresh_derived(self.connection, tenant_id, None, now=now, statement=statement))

    def load(self, world: World, *, bystanders: int = 0) -> tuple[int, World]:
        """The new tenant's id, and the world with the references that hold in it. Person i's root has the id 10 i.

        Bystanders are customers without facts: next to enough of them a single change is not a bulk change.
        """
        self.execute(
            "insert into tenant (id, key, name, currency, time_zone) overriding system value "
            "values (1, 't', 't', 'EUR', $1)",
            world.zone,
        )
        self.execute(
            "insert into customer (id, tenant_id, root_id, created_at) overriding system value "
            "select id, 1, id, $2 from generate_series(100000, 99999 + $1::integer) as id",
            bystanders,
            NOW,
        )
        for index, person in enumerate(world.people):
            self._load_person(10 * index, person, world.zone)
        today = NOW.astimezone(ZoneInfo(world.zone))
        months = [order.local_month for person in world.people for _, order in person.orders]
        last_month = max([(today.year - 1970) * 12 + today.month - 1, *months])
        return 1, replace(world, references=obvious_references(world.people, world.policy, last_month))

    def add_order(self, customer_id: int, order: OrderFact) -> None:
        self.many(_ORDER, [_order_row(customer_id, order)])

    def _load_person(self, root: int, person: Person, zone: str) -> None:
        self.many(
            "insert into customer (id, tenant_id, root_id, created_at) overriding system value values ($1, 1, $2, $3)",
            [(root + member, root, NOW) for member in range(person.member_count)],
        )
        self.many(
            "insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by) "
            "values (1, $1, 'EMAIL', $2, 'test', 'test', $3, 'test')",
            [(root + member, f"{root}-{number}", at) for number, (member, at) in enumerate(person.identified)],
        )
        self.many(_ORDER, [_order_row(root + member, order) for member, order in person.orders])
        self.many(_EVENT, [_order_event_row(root + member, order) for member, order in person.orders])
        self.many(_EVENT, [_event_row(root + member, event, zone) for member, event in person.events])

    def many(self, query: str, rows: list[tuple[object, ...]]) -> None:
        self.runner.run(self.connection.executemany(query, rows))


_ORDER = """
insert into customer_order (
  id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel, currency,
  total_minor, invalid_at, invalid_received_at, main_category, source
) overriding system value
values ($1, 1, $2, $3, $4, $5, $6, $7, 0, 'WEB', 'EUR', 1000, $8, $9, $10, 'test')
"""
_EVENT = """
insert into event (
  tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, order_id,
  properties, source, message_key
)
values (1, $1, $2, $3, 'WEB', $4, $5, $6, 0, 0, $7, $8, 'test', gen_random_uuid())
"""


def _order_row(customer_id: int, order: OrderFact) -> tuple[object, ...]:
    return (
        *(order.id, customer_id, str(order.id), order.ordered_at, order.received_at, order.local_day),
        *(order.local_month, order.invalid_at, order.invalid_received_at, order.category),
    )


def _order_event_row(customer_id: int, order: OrderFact) -> tuple[object, ...]:
    return (
        *(customer_id, "Order Completed", "ORDER", order.ordered_at, order.received_at, order.local_day, order.id),
        "{}",
    )


def _event_row(customer_id: int, event: EventFact, zone: str) -> tuple[object, ...]:
    return (
        *(customer_id, event.name, str(touchpoint_type(event.name)), event.occurred_at, event.received_at),
        *(local_day(event.occurred_at, zone), None, json.dumps(dict(event.properties))),
    )


def around(instants: set[datetime]) -> list[datetime]:
    """The instants themselves and a microsecond to either side."""
    step = timedelta(microseconds=1)
    return sorted({at + shift for at in instants for shift in (-step, timedelta(), step)})
