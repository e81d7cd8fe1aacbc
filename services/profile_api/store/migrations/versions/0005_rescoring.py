"""The freshness queue: which customers must be scored anew, and procrastinate's job tables in a schema of their own."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema procrastinate")
    op.execute("set local search_path to procrastinate")
    _run_script(SchemaManager.get_schema())
    op.execute("set local search_path to public")
    _run_script(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop function request_rescoring")
    op.execute("drop table rescoring_request")
    op.execute("drop schema procrastinate cascade")


def _run_script(script: str) -> None:
    """Several statements at once, function bodies included: only the simple query protocol takes them.

    It goes past SQLAlchemy, so the migration's transaction must already have been begun by another statement.
    """
    driver = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
