"""The append-only log of promotions: which models were in charge when, and why."""

from alembic import op

from profile_api.store.migrations.scripts import run_script_beside

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute("drop table model_promotion")
    op.execute("drop function refuse_to_rewrite")
