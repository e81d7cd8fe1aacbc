"""Whether other records may belong to a person: nearly always none do, and then reads need not look for them."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    _run(
        "drop trigger customer_absorbed on customer; drop function note_absorption; "
        "alter table customer drop column absorbs"
    )


def _run(script: str) -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
