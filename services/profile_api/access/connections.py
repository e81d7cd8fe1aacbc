"""The edge's own few connections, for its small questions: keys, tenants, readiness."""

from typing import Final

import asyncpg

_MOST: Final = 4


def access_pool(database_url: str) -> asyncpg.Pool:
    """A pool that opens when it is entered; every statement has five seconds."""
    return asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=_MOST,
        timeout=10,
        command_timeout=5,
        server_settings={"timezone": "UTC", "application_name": "parcours-access"},
    )
