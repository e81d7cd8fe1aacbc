"""The key under which a message is accepted once: 128 bits of a hash over tenant and message id."""

from hashlib import sha256
from uuid import UUID


def message_key(tenant_id: int, message_id: str) -> UUID:
    """Equal for equal tenants and ids; the import's statements (`profile_api/ingest/sql`) compute the same in SQL."""
    return UUID(bytes=sha256(f"{tenant_id}:{message_id}".encode()).digest()[:16])
