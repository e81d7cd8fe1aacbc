"""Brings a database's tables to the version this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def _configuration(database_url: str) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.attributes["database_url"] = database_url
    return configuration


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Upgrades to `revision`; not to be called from inside a running event loop."""
    command.upgrade(_configuration(database_url), revision)


def downgrade(database_url: str, *, revision: str) -> None:
    """Goes back to `revision`; what later revisions added is dropped with its data."""
    command.downgrade(_configuration(database_url), revision)


def newest_revision() -> str:
    """The version of the tables that this code expects."""
    head = ScriptDirectory.from_config(_configuration("")).get_current_head()
    assert head is not None  # noqa: S101  (there is a first migration)
    return head
