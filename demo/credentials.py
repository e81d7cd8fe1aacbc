"""Bearer tokens for trying things out: one per role, made anew at every start, refused in production."""

from datetime import datetime

from profile_api.access.api_keys import create_demo_keys
from profile_api.store.database import connect


async def create_credentials(database_url: str, *, tenant: str, now: datetime) -> dict[str, str]:
    """Role to token; the tokens of earlier starts end."""
    connection = await connect(database_url, statement_timeout_s=30)
    try:
        return await create_demo_keys(connection, tenant=tenant, now=now)
    finally:
        await connection.close()
