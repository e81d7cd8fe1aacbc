"""What is known of model sets and how they do, where the profile API can read it; the promotion log opened to it."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    script = Path(__file__).with_suffix(".sql").read_text()
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]


def downgrade() -> None:
    op.execute("drop policy one_tenant on model_promotion")
    op.execute("alter table model_promotion disable row level security")
    op.execute("revoke select on model_promotion from parcours_service")
    op.execute("drop table model_observation")
    op.execute("drop table model_set")
