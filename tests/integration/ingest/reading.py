"""Asks the database plain questions."""

from typing import Any

import psycopg


def rows(database_url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(query.encode(), values).fetchall()


def one(database_url: str, query: str, *values: object) -> Any:
    [(value,)] = rows(database_url, query, *values)
    return value


FACTS = ("customer", "identity", "customer_order", "order_line", "order_adjustment", "event", "received_message")


def fact_counts(database_url: str) -> dict[str, int]:
    """How many rows each table of facts holds."""
    return {table: one(database_url, f"select count(*) from {table}") for table in FACTS}
