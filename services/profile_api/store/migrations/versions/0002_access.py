"""API keys and the log of what happened to them."""

from alembic import op
from sqlalchemy import text

from profile_api.store.migrations.scripts import run_script_beside

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute(text("drop table access_log, api_key cascade"))
