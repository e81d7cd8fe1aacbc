"""A page of orders is read from one index: no order lies beside the customer's last one, so each would cost a page."""

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        text(
            "create index customer_order_page on customer_order (customer_id, ordered_at, id) "
            "include (tenant_id, order_key, channel, currency, total_minor, invalid_at)"
        )
    )
    op.execute(text("drop index customer_order_timeline"))


def downgrade() -> None:
    op.execute(text("create index customer_order_timeline on customer_order (customer_id, ordered_at, id)"))
    op.execute(text("drop index customer_order_page"))
