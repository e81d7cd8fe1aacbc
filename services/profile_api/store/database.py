"""Where the database is and how to reach it: the only module that reads a database URL."""

from functools import partial

import asyncpg
from sqlalchemy import NullPool, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from customer.errors import DatabaseUnreachableError

# What asking the database may raise; timeouts are OSErrors. An internal error of the driver: asked between the
# server's farewell and its hanging up.
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

_LONGEST_MIGRATION_S = 3600.0  # the migrations bound their statements themselves


def migration_engine(database_url: str) -> AsyncEngine:
    """What Alembic works with: one connection at a time."""
    connecting = partial(connect, database_url, statement_timeout_s=_LONGEST_MIGRATION_S)
    return create_async_engine("postgresql+asyncpg://", async_creator=connecting, poolclass=NullPool)


async def connect(database_url: str, *, statement_timeout_s: float = 600) -> asyncpg.Connection:
    """One plain asyncpg connection with a timeout on connecting and on every statement.

    Errors: DatabaseUnreachableError.
    """
    try:
        return await asyncpg.connect(
            database_url,
            timeout=10,
            command_timeout=statement_timeout_s,
            server_settings={"timezone": "UTC", "application_name": "parcours"},
        )
    except OSError as error:
        raise DatabaseUnreachableError(
            place=place_of(database_url), problem=error.strerror or str(error) or type(error).__name__
        ) from error


def place_of(database_url: str) -> str:
    """Host and port, or the folder of the socket: what may be said of a URL that holds a password."""
    url = make_url(database_url)
    return str(url.query.get("host") or f"{url.host or 'localhost'}:{url.port or 5432}")
