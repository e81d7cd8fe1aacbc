"""The trail of who read personal data, which only grows, and which the service can write but not read."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    script = Path(__file__).with_suffix(".sql").read_text()
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]


def downgrade() -> None:
    op.execute("drop function forget_personal_data_reads")
    op.execute("drop table personal_data_read")
    op.execute("drop function keep_personal_data_reads")
