"""Alembic's entry: migrates over asyncpg, one at a time, never queueing up the readers behind a migration."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from profile_api.store.database import migration_engine

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        connection.execute(text(f"set statement_timeout = '{STATEMENT_TIMEOUT}'"))
        # Whoever migrates at the same time waits here, and then finds nothing left to do.
        connection.execute(text("select pg_advisory_lock(hashtext('parcours migrate'))"))
        connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


async def _run() -> None:
    engine = migration_engine(context.config.attributes["database_url"])
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_run())
