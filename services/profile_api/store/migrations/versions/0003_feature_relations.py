"""The relations that the features are computed from, as views over the facts."""

from alembic import op
from sqlalchemy import text

from profile_api.store.migrations.scripts import run_script_beside

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute(text("drop view feature_event, feature_adjustment, feature_order_line, feature_order, feature_member"))
