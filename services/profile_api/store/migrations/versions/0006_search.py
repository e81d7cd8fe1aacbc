"""Names can be searched with typing errors, and the models behind predictions listed."""

from alembic import op

from profile_api.store.migrations.scripts import run_script_beside

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute("drop index latest_prediction_model_set")
    op.execute("alter table customer drop column name_keys")
    op.execute("drop function name_keys")
    op.execute("drop function word_keys")
    op.execute("drop function name_words")
