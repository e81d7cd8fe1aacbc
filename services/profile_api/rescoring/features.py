"""How rescoring gets feature vectors: from the store, on connections of its own, within a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from customer.errors import ParcoursError
from profile_api.store.database import FAILURES
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

    async def aclose(self) -> None:
        """Closes its connections."""


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """Reads the vectors on a bounded pool that nothing else uses, so that scoring cannot starve profile reads."""

    pool: asyncpg.Pool

    async def read(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime, *, timeout_s: float
    ) -> FeatureVectors:
        try:
            await self.pool  # a no-op but the first time, when it opens without connecting
            async with asyncio.timeout(timeout_s), self.pool.acquire() as connection:
                return await read_feature_vectors(connection, tenant_id, customer_ids, as_of)
        except FAILURES as error:
            raise FeaturesUnavailableError(error) from error

    async def aclose(self) -> None:
        await self.pool  # one that was never opened cannot be closed
        await self.pool.close()


def stored_features(database_url: str, *, connections: int) -> StoredFeatures:
    """A reader that connects when first needed."""

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        return await connect_features(database_url)

    async def keep(_: asyncpg.Connection) -> None:
        """Nothing to reset: these connections only ever run the one statement."""

    pool = asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=connections,
        max_inactive_connection_lifetime=0,
        connect=connect,
        reset=keep,
    )
    return StoredFeatures(pool)
