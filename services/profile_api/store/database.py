"""Where the database is and how to reach it: the only module that reads a database URL."""

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# What asking the database may raise; timeouts are OSErrors. An internal error of the driver: asked between the
# server's farewell and its hanging up.
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def sqlalchemy_url(database_url: str) -> URL:
    """The asyncpg form of a libpq URL; the socket folder in `?host=` is kept."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def write_engine(database_url: str, *, pool_size: int = 5) -> AsyncEngine:
    """An engine for writes and migrations: bounded pool, ten seconds to wait for a connection."""
    return create_async_engine(
        sqlalchemy_url(database_url), pool_size=pool_size, max_overflow=0, pool_timeout=10, pool_pre_ping=True
    )


async def connect(database_url: str, *, statement_timeout_s: float = 600) -> asyncpg.Connection:
    """One plain asyncpg connection with a timeout on connecting and on every statement."""
    return await asyncpg.connect(
        database_url,
        timeout=10,
        command_timeout=statement_timeout_s,
        server_settings={"timezone": "UTC", "application_name": "parcours"},
    )
