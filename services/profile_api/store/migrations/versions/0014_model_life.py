"""What is known of model sets and how they do, where the profile API can read it; the promotion log opened to it."""

from alembic import op

from profile_api.store.migrations.scripts import run_script_beside

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute("drop policy one_tenant on model_promotion")
    op.execute("alter table model_promotion disable row level security")
    op.execute("revoke select on model_promotion from parcours_service")
    op.execute("drop table model_observation")
    op.execute("drop table model_set")
