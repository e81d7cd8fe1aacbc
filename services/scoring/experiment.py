"""Which customers a running experiment gives to the challenger: decided by a hash, so always the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b


class Variant(StrEnum):
    """Who answered, while an experiment runs."""

    CHAMPION = "CHAMPION"
    CHALLENGER = "CHALLENGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """`name` salts the hash: another experiment divides the customers anew, independently of the last."""

    name: str
    share: float

    def variants(self, ids: Sequence[str]) -> list[Variant]:
        """Of each customer: the first 8 bytes of BLAKE2b("name:id") as a fraction of 2^64, below `share` or not."""
        return [Variant.CHALLENGER if self._fraction(one) < self.share else Variant.CHAMPION for one in ids]

    def _fraction(self, customer_id: str) -> float:
        digest = blake2b(f"{self.name}:{customer_id}".encode(), digest_size=8).digest()
        return float(int.from_bytes(digest, "big") / 2**64)
