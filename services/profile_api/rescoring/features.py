"""How rescoring gets feature vectors: from the store, on connections of its own, within a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from customer.errors import ParcoursError
from profile_api.store.feature_vectors import FeatureVectors, connect_features, read_feature_vectors


class FeaturesUnavailableError(ParcoursError):
    """The database could not give feature vectors in time."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"the database gave no feature vectors in time ({type(cause).__name__})")


class FeatureReader(Protocol):
    """What scoring needs of the store."""

    async def read(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime, *, timeout_s: float
    ) -> FeatureVectors:
        """The vectors of these customers (root ids) at one instant; raises FeaturesUnavailableError."""


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """Reads the vectors on a bounded pool that nothing else uses, so that scoring cannot starve profile reads."""

    pool: asyncpg.Pool

    async def read(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime, *, timeout_s: float
    ) -> FeatureVectors:
        try:
            async with asyncio.timeout(timeout_s), self.pool.acquire() as connection:
                return await read_feature_vectors(connection, tenant_id, customer_ids, as_of)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise FeaturesUnavailableError(error) from error


@asynccontextmanager
async def stored_features(database_url: str, *, connections: int) -> AsyncIterator[StoredFeatures]:
    """Opens the connections when first needed, closes them at the end."""

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        return await connect_features(database_url)

    async def keep(_: asyncpg.Connection) -> None:
        """Nothing to reset: these connections only ever run the one statement."""

    pool = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=connections,
        max_inactive_connection_lifetime=0,
        connect=connect,
        reset=keep,
    )
    try:
        yield StoredFeatures(pool)
    finally:
        await pool.close()
