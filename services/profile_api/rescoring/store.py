"""Writes predictions: the history they are appended to, and the latest one of each customer."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from profile_api.rescoring.outcomes import Scored
from profile_api.rescoring.statements import named_sql
from profile_api.store.changes import MOST_NAMED, announce

_encoder = msgspec.json.Encoder()


async def store_predictions(
    connection: asyncpg.Connection, tenant_id: int, scored: Sequence[Scored], *, created_at: datetime
) -> int:
    """How many were stored; fewer than given when a customer was merged or erased in the meantime."""
    if not scored:
        return 0
    rows = sorted(scored, key=lambda one: one.customer_id)  # writers that meet take their rows in the same order
    answers = [one.answer for one in rows]
    stored = await connection.fetch(
        named_sql("store_predictions"),
        tenant_id,
        created_at,
        [one.customer_id for one in rows],
        [one.as_of for one in rows],
        [one.expires_at for one in rows],
        [one.feature_set for one in rows],
        [one.model_set for one in rows],
        [answer.churn.probability if answer.churn else None for answer in answers],
        [answer.next_purchase.p50_days if answer.next_purchase else None for answer in answers],
        [answer.value.expected_minor if answer.value else None for answer in answers],
        [_encoder.encode(answer).decode() for answer in answers],
    )
    customers = [row["customer_id"] for row in stored]
    for start in range(0, len(customers), MOST_NAMED):
        await announce(connection, tenant_id, customers[start : start + MOST_NAMED])  # whoever listens sees them come
    return len(customers)
