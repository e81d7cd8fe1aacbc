"""The append-only log of promotions: which models were in charge when, and why."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    script = Path(__file__).with_suffix(".sql").read_text()
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]


def downgrade() -> None:
    op.execute("drop table model_promotion")
    op.execute("drop function refuse_to_rewrite")
