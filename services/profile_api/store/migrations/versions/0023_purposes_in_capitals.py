"""Purposes of consents are kept in capitals: what was stated through the API speaks of the same ones as imports."""

from alembic import op
from sqlalchemy import text

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(text("update consent set purpose = upper(btrim(purpose)) where purpose <> upper(btrim(purpose))"))


def downgrade() -> None:
    """Nothing to undo: purposes in capitals were always allowed."""
