"""The trail of who read personal data, which only grows, and which the service can write but not read."""

from alembic import op

from profile_api.store.migrations.scripts import run_script_beside

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute("drop function forget_personal_data_reads")
    op.execute("drop table personal_data_read")
    op.execute("drop function keep_personal_data_reads")
