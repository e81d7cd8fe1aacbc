"""A timeline is read from one index: a customer's touchpoints lie apart, so each would cost a page."""

from alembic import op
from sqlalchemy import text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        text("create index event_page on event (customer_id, occurred_at, id) include (tenant_id, name, type, channel)")
    )
    op.execute(text("drop index event_timeline"))


def downgrade() -> None:
    op.execute(text("create index event_timeline on event (customer_id, occurred_at, id)"))
    op.execute(text("drop index event_page"))
