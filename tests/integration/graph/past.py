"""Companies as they would have been: the facts of a generated history, all of them or those of before an instant."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg

from profile_api.ingest.statements import statement
from profile_api.store.derive import refresh_derived

START = datetime(2025, 1, 3, 9, 30, 0, 123_000, tzinfo=UTC)
DAYS = 260
NOW = START + timedelta(days=DAYS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEMBERS = 2

_KINDS = [
    ("Product Viewed", "BROWSE", "WEB", {"product_id": "P-9"}),
    ("Products Searched", "BROWSE", "APP", {"query": "hose"}),
    ("Product Added", "CART", "APP", {"cart_id": "k"}),
    ("Page Viewed", "BROWSE", "WEB", {"referrer": "https://example.org"}),
    ("Email Opened", "CAMPAIGN", "EMAIL", {}),
    ("Store Visited", "OTHER", "STORE", {}),
    ("Survey Answered", "FEEDBACK", "EMAIL", {"kind": "NPS", "score": 9}),
    ("Survey Answered", "FEEDBACK", "EMAIL", {"kind": "NPS", "score": 3}),
    ("Ticket Opened", "SERVICE", "CALL_CENTRE", {"ticket_id": "S1", "subject": "broken"}),
    ("Ticket Closed", "SERVICE", "CALL_CENTRE", {"ticket_id": "S1"}),
    ("Account Closed", "SERVICE", "CALL_CENTRE", {}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row to be: when it happened, when it was received, whose it is, and what it says."""

    kind: str
    person: int
    member: int
    at: datetime
    received_at: datetime
    says: dict[str, Any]


def history(random: Random, people: int) -> list[Fact]:
    """Facts of all kinds over some months, some received late, orders given back in part or whole."""
    facts: list[Fact] = []
    for person in range(people):
        facts += _identities(random, person)
        facts += _records(random, person)
        for number in range(random.choice([0, 1, 2, 4, 7])):
            facts += _order(random, person, f"{person}-{number}")
        for _ in range(random.choice([1, 6, 25])):
            name, type_, channel, properties = random.choice(_KINDS[:-1] if random.random() < 0.97 else _KINDS)
            facts.append(_fact(random, "event", person, name=name, type=type_, channel=channel, properties=properties))
        for status in random.sample(["GRANTED", "WITHDRAWN", "DENIED"], random.randrange(3)):
            facts.append(_fact(random, "consent", person, status=status))
    return facts


def _records(random: Random, person: int) -> list[Fact]:
    """What two systems state of the person, each anew now and then: a newer statement replaces the older."""
    facts = []
    for source in ("crm", "shop"):
        for at in sorted(_moment(random) for _ in range(random.randrange(4))):
            says = {
                "source": source, "given_name": random.choice(["Ana", "Zoé", None]),
                "city": random.choice(["Nantes", "Lyon"]), "vip": random.choice([True, False]),
            }  # fmt: skip
            # A statement that comes late is older than what is known, and would be left alone.
            facts.append(Fact(kind="record", person=person, member=0, at=at, received_at=at, says=says))
    return facts


def _moment(random: Random) -> datetime:
    return START + timedelta(days=random.randrange(DAYS), hours=random.choice([0, 0, 5]), seconds=random.randrange(60))


def _fact(random: Random, kind: str, person: int, at: datetime | None = None, **says: Any) -> Fact:
    at = at or _moment(random)
    late = timedelta(days=random.choice([0, 0, 0, 12, 60]))
    return Fact(kind=kind, person=person, member=random.randrange(MEMBERS), at=at, received_at=at + late, says=says)


def _identities(random: Random, person: int) -> list[Fact]:
    """Identifiers, known as soon as they are linked; some cease to be the person's later."""
    facts = []
    for kind in random.sample(["EMAIL", "ANONYMOUS_ID", "LOYALTY_CARD"], random.randrange(1, 3)):
        says = {"type": kind, "value": f"{kind}-{person}".lower()}
        at = _moment(random)
        facts.append(
            Fact(kind="identity", person=person, member=random.randrange(MEMBERS), at=at, received_at=at, says=says)
        )
        if random.random() < 0.5:
            later = at + timedelta(days=random.choice([3, 60, 120]))
            facts.append(Fact(kind="unlinking", person=person, member=0, at=later, received_at=later, says=says))
    return facts


def _order(random: Random, person: int, key: str) -> list[Fact]:
    total = random.choice([None, 1000, 2550, 999])
    order = _fact(
        random, "order", person, key=key, total=total, channel=random.choice(["WEB", "APP", "STORE"]),
        store=random.choice([None, "S1", "S2"]), category=random.choice([None, "Garden", "Beauty"]),
        payment=random.choice([None, "CARD", "CASH"]), delivery=random.choice([None, "HOME"]),
        lines=[random.choice([None, "Garden", "Toys"]) for _ in range(random.randrange(1, 3))],
    )  # fmt: skip
    facts = [order]
    for number in range(random.choice([0, 0, 1, 2])):
        kind = random.choice(["RETURN", "REFUND", "CANCELLATION"])
        back = _fact(
            random, "adjustment", person, at=order.at + timedelta(days=random.choice([0.5, 7, 40])),
            order=key, number=number, how=kind, amount=None if total is None else random.choice([200, total]),
        )  # fmt: skip
        received = max(back.received_at, order.received_at)
        facts.append(
            Fact(
                kind="adjustment", person=person, member=order.member, at=back.at, received_at=received, says=back.says
            )
        )
    return facts


async def load(
    connection: asyncpg.Connection,
    tenant: int,
    facts: list[Fact],
    *,
    people: int,
    policy: dict[str, Any],
    now: datetime,
) -> None:
    """A tenant that holds these facts, and what was derived from them at `now`."""
    await connection.execute(
        "insert into tenant (id, key, name, currency, time_zone) overriding system value"
        " values ($1, $2, $2, 'EUR', 'Europe/Paris')",
        *(tenant, f"t{tenant}"),
    )
    await connection.execute(
        "insert into lifecycle_policy (tenant_id, version, document, activated_at) values ($1, $2, $3, $4)",
        *(tenant, policy["version"], json.dumps(policy), START - timedelta(days=1)),
    )
    await connection.executemany(
        "insert into customer (id, tenant_id, root_id, created_at) overriding system value values ($1, $2, $3, $4)",
        [
            (customer_id(tenant, person) + member, tenant, customer_id(tenant, person), START)
            for person in range(people)
            for member in range(MEMBERS)
        ],
    )
    orders: dict[str, int] = {}
    for fact in facts:
        await _WRITERS[fact.kind](connection, tenant, fact, orders)
    await connection.execute(statement("order_refunds"), list(orders.values()))
    await connection.execute("update tenant set source_trust = '{crm}' where id = $1", tenant)
    people_ids = [customer_id(tenant, person) for person in range(people)]
    await connection.execute(statement("golden_record"), people_ids, ["crm"])
    await refresh_derived(connection, tenant, None, now=now)


def customer_id(tenant: int, person: int) -> int:
    """The person's number in a tenant; their other records follow it."""
    return 1000 * tenant + 10 * person


def _owner(tenant: int, fact: Fact) -> int:
    return customer_id(tenant, fact.person) + fact.member


async def _write_identity(connection: asyncpg.Connection, tenant: int, fact: Fact, _orders: dict[str, int]) -> None:
    await connection.execute(
        "insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)"
        " values ($1, $2, $3, $4, 'shop', 'exact', $5, 'import')",
        *(tenant, _owner(tenant, fact), fact.says["type"], fact.says["value"], fact.at),
    )


async def _write_unlinking(connection: asyncpg.Connection, tenant: int, fact: Fact, _orders: dict[str, int]) -> None:
    await connection.execute(
        "update identity set unlinked_at = $4 where tenant_id = $1 and type = $2 and value = $3",
        *(tenant, fact.says["type"], fact.says["value"], fact.at),
    )


async def _write_record(connection: asyncpg.Connection, tenant: int, fact: Fact, _orders: dict[str, int]) -> None:
    traits = {name: value for name, value in fact.says.items() if name != "source"}
    await connection.execute(
        "insert into source_record (tenant_id, customer_id, source, source_key, traits, observed_at, received_at)"
        " values ($1, $2, $3, $4, $5, $6, $7)"
        " on conflict (tenant_id, source, source_key) do update"
        " set traits = excluded.traits, observed_at = excluded.observed_at, received_at = excluded.received_at"
        " where source_record.traits <> excluded.traits",
        *(tenant, _owner(tenant, fact), fact.says["source"], f"r{fact.person}", json.dumps(traits)),
        *(fact.at, fact.received_at),
    )


async def _write_order(connection: asyncpg.Connection, tenant: int, fact: Fact, orders: dict[str, int]) -> None:
    says = fact.says
    orders[says["key"]] = await connection.fetchval(
        "insert into customer_order (tenant_id, customer_id, order_key, ordered_at, received_at, local_day,"
        " local_month, local_hour, channel, store_id, currency, total_minor, line_count, main_category, payment_method,"
        " delivery_type, source)"
        " values ($1, $2, $3, $4, $5, $6, $7, 12, $8, $9, 'EUR', $10, $11, $12, $13, $14, 'shop') returning id",
        *(tenant, _owner(tenant, fact), says["key"], fact.at, fact.received_at, *_local(fact.at), says["channel"]),
        *(says["store"], says["total"], len(says["lines"]), says["category"], says["payment"], says["delivery"]),
    )
    await connection.executemany(
        "insert into order_line (order_id, line_number, tenant_id, customer_id, category, quantity)"
        " values ($1, $2, $3, $4, $5, 1)",
        [
            (orders[says["key"]], place, tenant, _owner(tenant, fact), category)
            for place, category in enumerate(says["lines"], start=1)
        ],
    )
    bought = Fact(
        kind="event", person=fact.person, member=fact.member, at=fact.at, received_at=fact.received_at,
        says={"name": "Order Completed", "type": "ORDER", "channel": says["channel"], "properties": {}},
    )  # fmt: skip
    await _write_event(connection, tenant, bought, {"": orders[says["key"]]})


async def _write_adjustment(connection: asyncpg.Connection, tenant: int, fact: Fact, orders: dict[str, int]) -> None:
    says = fact.says
    if says["order"] not in orders:
        return
    await connection.execute(
        "insert into order_adjustment (tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at,"
        " received_at, local_day, amount_minor, quantity, source)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 'shop')",
        *(tenant, _owner(tenant, fact), orders[says["order"]], f"{says['order']}/{says['number']}", says["how"]),
        *(fact.at, fact.received_at, _local(fact.at)[0], says["amount"]),
    )


async def _write_event(connection: asyncpg.Connection, tenant: int, fact: Fact, orders: dict[str, int]) -> None:
    says = fact.says
    await connection.execute(
        "insert into event (tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day,"
        " local_month, local_hour, source, properties, order_id, message_key)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 12, 'shop', $10, $11, gen_random_uuid())",
        *(tenant, _owner(tenant, fact), says["name"], says["type"], says["channel"], fact.at, fact.received_at),
        *(*_local(fact.at), json.dumps(says["properties"]), orders.get("")),
    )


async def _write_consent(connection: asyncpg.Connection, tenant: int, fact: Fact, _orders: dict[str, int]) -> None:
    await connection.execute(
        "insert into consent (tenant_id, customer_id, purpose, status, source, effective_at, recorded_at)"
        " values ($1, $2, 'marketing', $3, 'shop', $4, $5)",
        *(tenant, _owner(tenant, fact), fact.says["status"], fact.at, fact.received_at),
    )


def _local(at: datetime) -> tuple[int, int]:
    """Day and month since 1970; near enough to Paris, for the hours drawn keep away from midnight."""
    return (at - EPOCH).days, (at.year - 1970) * 12 + at.month - 1


_WRITERS = {
    "identity": _write_identity,
    "unlinking": _write_unlinking,
    "record": _write_record,
    "order": _write_order,
    "adjustment": _write_adjustment,
    "event": _write_event,
    "consent": _write_consent,
}
