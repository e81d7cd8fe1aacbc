"""How rescoring gets feature vectors: from the store, on connections of its own, within a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from customer.contracts.score import FeatureValue
from customer.errors import ParcoursError


class FeaturesUnavailableError(ParcoursError):
    """The database could not give feature vectors in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureVectors:
    """`rows[i][j]` is feature `columns[j]` of customer `ids[i]`; customers unknown at that instant are absent."""

    feature_set: str
    columns: Sequence[str]
    ids: Sequence[int]
    rows: Sequence[Sequence[FeatureValue]]


class FeatureReader(Protocol):
    """What scoring needs of the store."""

    async def read(
        self, tenant_id: int, customer_ids: Sequence[int], as_of: datetime, *, timeout_s: float
    ) -> FeatureVectors:
        """The vectors of these customers (root ids) at one instant; raises FeaturesUnavailableError."""
