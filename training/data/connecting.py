"""How training reaches PostgreSQL, and what it says when nobody is there."""

import adbc_driver_postgresql.dbapi as postgresql

from customer.errors import DatabaseUnreachableError


def connect(database_url: str, *, autocommit: bool = False) -> postgresql.Connection:
    """Errors: DatabaseUnreachableError."""
    try:
        return postgresql.connect(database_url, autocommit=autocommit)
    except postgresql.OperationalError as error:
        said = str(error).partition("\n")[0].removeprefix("IO: [libpq] ")
        raise DatabaseUnreachableError(place="DATABASE_URL", problem=said) from error
