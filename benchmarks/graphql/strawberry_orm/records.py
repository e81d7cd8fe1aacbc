"""The tables as ORM classes, and one DataLoader for each relation."""

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import MetaData, create_engine, make_url, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.ext.automap import automap_base
from strawberry.dataloader import DataLoader

_URL = make_url(os.environ["DATABASE_URL"])
_TABLES = (
    "customer identity customer_order order_line event lifecycle_transition lifecycle_clock customer_metrics"
    " latest_prediction purchase_journey consent"
).split()


def _mapped() -> Any:
    """ORM classes of the tables, read from the database once."""
    metadata = MetaData()
    engine = create_engine(_URL.set(drivername="postgresql+psycopg"))
    metadata.reflect(engine, only=_TABLES)
    base = automap_base(metadata=metadata)
    base.prepare(generate_relationship=lambda *_args, **_keywords: None)
    engine.dispose()
    return base.classes


rows = _mapped()
engine = create_async_engine(_URL.set(drivername="postgresql+asyncpg"), pool_size=4, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


def _many(entity: Any, key: str, order: Sequence[Any]) -> Any:
    """A loader of all rows of an entity by a key, each list in the given order."""

    async def load(keys: list[int]) -> list[list[Any]]:
        async with sessions() as session:
            found = await session.scalars(select(entity).where(getattr(entity, key).in_(keys)).order_by(*order))
            lists = defaultdict(list)
            for row in found:
                lists[getattr(row, key)].append(row)
            return [lists[one] for one in keys]

    return load


def loaders() -> dict[str, DataLoader[int, Any]]:
    """One loader per relation and request."""
    order, event, step = rows.customer_order, rows.event, rows.lifecycle_transition
    return {
        "identities": DataLoader(_many(rows.identity, "customer_id", [rows.identity.type, rows.identity.id])),
        "orders": DataLoader(_many(order, "customer_id", [order.ordered_at.desc(), order.id.desc()])),
        "lines": DataLoader(_many(rows.order_line, "order_id", [rows.order_line.line_number])),
        "events": DataLoader(_many(event, "customer_id", [event.occurred_at.desc(), event.id.desc()])),
        "steps": DataLoader(_many(step, "customer_id", [step.effective_at.desc()])),
        "clocks": DataLoader(_many(rows.lifecycle_clock, "customer_id", [rows.lifecycle_clock.effective_at.desc()])),
        "metrics": DataLoader(_many(rows.customer_metrics, "customer_id", [rows.customer_metrics.customer_id])),
        "predictions": DataLoader(_many(rows.latest_prediction, "customer_id", [rows.latest_prediction.customer_id])),
        "journeys": DataLoader(_many(rows.purchase_journey, "customer_id", [rows.purchase_journey.started_at.desc()])),
        "consents": DataLoader(
            _many(rows.consent, "customer_id", [rows.consent.purpose, rows.consent.channel, rows.consent.id])
        ),
    }
