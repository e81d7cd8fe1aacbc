"""The features of a few customers as of now, read from the facts by the same SQL text that training uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import asyncpg

from customer.contracts.score import FeatureValue
from customer.features.definitions import FEATURE_NAMES, feature_vectors_sql

BATCH = 50
"""One statement is planned for few customers: nested loops over indexes. Beyond some hundred a hash join would win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureVectors:
    """`rows[i][j]` is feature `columns[j]` of `customer_ids[i]`, the people the asked ids stand for."""

    columns: tuple[str, ...]
    customer_ids: list[int]
    rows: list[list[FeatureValue]]


async def connect_features(database_url: str, *, statement_timeout_s: float = 10) -> asyncpg.Connection:
    """A connection for reading features: the long statement is prepared once and planned once, for any ids.

    Planning takes longer than running it, hence the generic plan; the driver by default keeps no statement this long.
    A plan made once must suit a brand of any size, so facts are only ever reached through their indexes.
    """
    return await asyncpg.connect(
        database_url,
        timeout=10,
        command_timeout=statement_timeout_s,
        max_cacheable_statement_size=0,
        max_cached_statement_lifetime=0,
        server_settings={
            "timezone": "UTC",
            "application_name": "parcours features",
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
            "jit": "off",
        },
    )


async def read_feature_vectors(
    connection: asyncpg.Connection, tenant_id: int, customer_ids: Sequence[int], as_of: datetime
) -> FeatureVectors:
    """Reads in batches. An absorbed id answers as the person it became; unknown ids and other tenants' are left out."""
    found: list[int] = []
    rows: list[list[FeatureValue]] = []
    for start in range(0, len(customer_ids), BATCH):
        batch = list(customer_ids[start : start + BATCH])
        for record in await connection.fetch(_statement(), tenant_id, batch, as_of):
            customer_id, *values = record
            found.append(customer_id)
            rows.append(values)
    return FeatureVectors(columns=FEATURE_NAMES, customer_ids=found, rows=rows)


@cache
def _statement() -> str:
    spine = (files("profile_api.store") / "sql" / "feature_spine.sql").read_text(encoding="utf-8")
    columns = ", ".join(f"vector.{name}" for name in FEATURE_NAMES)
    return f"with spine as ({spine}) select vector.customer_id, {columns} from ({feature_vectors_sql()}) as vector"
