"""Writes clean order facts of a DuckDB workspace into PostgreSQL, inside the caller's transaction, all set-based."""

from dataclasses import dataclass

import asyncpg
import duckdb

from customer.vocabulary import IdentityType
from profile_api.ingest.report import Progress
from profile_api.ingest.staging import stage
from profile_api.ingest.statements import statement
from profile_api.store.tenants import Tenant

_ORDERS = """
select order_key, {customer_type} as customer_type, customer_key as customer_value, ordered_at, received_at, local_day,
  local_month, local_hour, channel, store_id, currency, total_minor, discount_minor, line_count, main_category,
  delivery_type, payment_method, campaign, delivered_at, properties
from order_fact
"""
_LINES = "select order_key, line_number, product_id, category, quantity, amount_minor, properties from order_line_fact"
_ADJUSTMENTS = """
select adjustment_key, regexp_replace(adjustment_key, '#[0-9]+$', '') as return_key, {customer_type} as customer_type,
  customer_key as customer_value, order_key, kind, occurred_at, received_at, local_day, amount_minor,
  product_id, quantity, properties
from order_adjustment_fact
"""
_FORMER_LINES = """
delete from order_line using order_plan
where order_line.order_id = order_plan.order_id and order_plan.step = 'CHANGED'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOrders:
    """Counts of what a write did, and the roots it touched."""

    orders_inserted: int
    orders_changed: int
    orders_unchanged: int
    orders_of_others: int
    lines_inserted: int
    adjustments_inserted: int
    events_inserted: int
    touched: list[int]


async def write_order_facts(
    connection: asyncpg.Connection,
    duck: duckdb.DuckDBPyConnection,
    *,
    tenant: Tenant,
    source: str,
    identity_type: IdentityType,
    orders_are_told: bool,
    progress: Progress,
) -> WrittenOrders:
    """Orders, lines, adjustments and their touchpoints, for customers who are there; known facts are left alone.

    `orders_are_told` says that the workspace's own touchpoints tell of the orders.
    """
    progress("copying")
    await _stage_orders(connection, duck, identity_type)
    progress("writing orders")
    steps = await _plan_orders(connection, tenant)
    await connection.execute(statement("new_orders"), tenant.id, source)
    if steps.get("CHANGED"):
        await connection.execute(statement("changed_orders"))
        await connection.execute(_FORMER_LINES)
    lines = await connection.execute(statement("order_lines"), tenant.id)
    adjustments = [row["id"] for row in await connection.fetch(statement("new_adjustments"), tenant.id, source)]
    await _refund(connection, adjustments)
    told = 0
    if not orders_are_told:
        progress("writing touchpoints")
        told = await _tell_of_orders(connection, tenant, source, adjustments)
    return WrittenOrders(
        orders_inserted=steps.get("NEW", 0),
        orders_changed=steps.get("CHANGED", 0),
        orders_unchanged=steps.get("SAME", 0),
        orders_of_others=await _reject_orders_of_others(connection, duck) if steps.get("FOREIGN") else 0,
        lines_inserted=row_count(lines),
        adjustments_inserted=len(adjustments),
        events_inserted=told,
        touched=await _touched(connection, adjustments),
    )


def names_customer_types(duck: duckdb.DuckDBPyConnection) -> bool:
    """Whether each order says what kind of identity its customer_key is."""
    query = "select count(*) from information_schema.columns where table_name = 'order_fact' and column_name = $1"
    [(count,)] = duck.execute(query, ["customer_type"]).fetchall()
    return bool(count)


def row_count(status: str) -> int:
    """The number of rows in a command's status, as in `INSERT 0 42`."""
    return int(status.split()[-1])


async def _stage_orders(
    connection: asyncpg.Connection, duck: duckdb.DuckDBPyConnection, identity_type: IdentityType
) -> None:
    by = "customer_type" if names_customer_types(duck) else f"'{identity_type}'"
    await stage(connection, duck, table="stage_order", query=_ORDERS.format(customer_type=by))
    await stage(connection, duck, table="stage_line", query=_LINES)
    await stage(connection, duck, table="stage_adjustment", query=_ADJUSTMENTS.format(customer_type=by))


async def _plan_orders(connection: asyncpg.Connection, tenant: Tenant) -> dict[str, int]:
    """Says in `order_plan` what becomes of each staged order: how many are NEW, CHANGED, SAME, FOREIGN."""
    await connection.execute(statement("order_plan").replace("$1", str(tenant.id)))
    await connection.execute("create index on order_plan (order_key)")
    await connection.execute("analyze order_plan")
    rows = await connection.fetch("select step, count(*) n from order_plan group by 1")
    return {row["step"]: row["n"] for row in rows}


async def _tell_of_orders(connection: asyncpg.Connection, tenant: Tenant, source: str, adjustments: list[int]) -> int:
    ordered = await connection.execute(statement("order_events"), tenant.id, source)
    adjusted = await connection.execute(
        statement("adjustment_events"), tenant.id, source, tenant.time_zone, adjustments
    )
    return row_count(ordered) + row_count(adjusted)


async def _refund(connection: asyncpg.Connection, adjustments: list[int]) -> None:
    orders = await connection.fetchval(
        "select array(select order_id from order_plan where step in ('NEW', 'CHANGED') "
        "union select order_id from order_adjustment where id = any ($1) and order_id is not null)",
        adjustments,
    )
    await connection.execute(statement("order_refunds"), orders)


async def _reject_orders_of_others(connection: asyncpg.Connection, duck: duckdb.DuckDBPyConnection) -> int:
    """Rejects the rows of orders that the database knows as another person's; returns the number of such orders."""
    rows = await connection.fetch("select order_key from order_plan where step = 'FOREIGN'")
    keys = [row["order_key"] for row in rows]
    [(has_rows,)] = duck.execute(
        "select count(*) from information_schema.tables where table_name = 'order_row_taken'"
    ).fetchall()
    if has_rows:
        duck.execute(
            "insert into order_reject select row_number, 'order ' || order_id || ' is known as another customer''s' "
            "from order_row_taken where order_id in (select unnest($1))",
            [keys],
        )
    return len(keys)


async def _touched(connection: asyncpg.Connection, adjustments: list[int]) -> list[int]:
    rows = await connection.fetch(
        "select distinct root_id from customer where id in ("
        "select customer_id from order_plan where step in ('NEW', 'CHANGED') "
        "union all select customer_id from order_adjustment where id = any ($1))",
        adjustments,
    )
    return [row["root_id"] for row in rows]
