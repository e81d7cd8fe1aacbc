"""A world written into the real tables, the way ingest leaves facts there."""

import uuid

import psycopg

from tests.parity.world import ALWAYS, World

TENANT = 1


def store(world: World, database_url: str, *, tenant: int = TENANT) -> None:
    """Into a migrated database without this tenant; every member belongs to its customer at all times."""
    root_of = {member.member_id: member.customer_id for member in world.members}
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (id, key, name, currency, time_zone) values (%s, %s, 'World', 'EUR', %s)",
            (tenant, "world" if tenant == TENANT else f"world {tenant}", world.time_zone),
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into customer (id, tenant_id, root_id, created_at) values (%s, %s, %s, %s)",
                # a root before its members
                [(m, tenant, root, ALWAYS) for m, root in sorted(root_of.items(), key=lambda pair: pair[0] != pair[1])],
            )
            _store_orders(cursor, world, tenant)
            _store_others(cursor, world, tenant)
        connection.execute("analyze")


def _store_orders(cursor: psycopg.Cursor[object], world: World, tenant: int) -> None:
    for order in world.orders:
        local = world.moment(order.occurred_at)
        cursor.execute(
            "insert into customer_order (id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, "
            "local_month, local_hour, channel, store_id, currency, total_minor, discount_minor, line_count, "
            "invalid_at, invalid_received_at, source) values "
            "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'EUR', %s, %s, %s, %s, %s, 'world')",
            (order.order_id, tenant, order.member_id, str(order.order_id), order.occurred_at, order.received_at,
             local.local_day, local.local_month, local.local_hour, order.channel, order.store_id, order.total_minor,
             order.discount_minor, order.line_count, order.invalid_at, order.invalid_received_at),
        )  # fmt: skip
    cursor.executemany(
        "insert into order_line (order_id, line_number, tenant_id, customer_id, product_id, category) "
        "values (%s, %s, %s, %s, %s, %s)",
        [
            (line.order_id, number, tenant, line.member_id, line.product_id, line.category)
            for number, line in enumerate(world.lines)
        ],
    )


def _store_others(cursor: psycopg.Cursor[object], world: World, tenant: int) -> None:
    cursor.executemany(
        "insert into order_adjustment (tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at, "
        "received_at, local_day, amount_minor, source) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'world')",
        [
            (tenant, item.member_id, item.order_id, str(number), item.kind, item.occurred_at, item.received_at,
             world.moment(item.occurred_at).local_day, item.amount_minor)
            for number, item in enumerate(world.adjustments)
        ],
    )  # fmt: skip
    cursor.executemany(
        "insert into event (tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, "
        "local_month, local_hour, source, message_key) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'world', %s)",
        [
            (tenant, event.member_id, event.name, event.type, event.channel, event.occurred_at, event.received_at,
             (local := world.moment(event.occurred_at)).local_day, local.local_month, local.local_hour, uuid.uuid4())
            for event in world.events
        ],
    )  # fmt: skip
