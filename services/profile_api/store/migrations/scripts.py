"""Runs whole SQL scripts inside a migration: several statements at once, function bodies included."""

from pathlib import Path

from alembic import op


def run_script(script: str) -> None:
    """Only the simple query protocol takes a whole script, so it goes to the driver, past SQLAlchemy."""
    op.execute("select 1")  # begins the migration's transaction, which the script must run in
    driver = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]


def run_script_beside(migration: str) -> None:
    """The script that has a migration's name."""
    run_script(Path(migration).with_suffix(".sql").read_text(encoding="utf-8"))
