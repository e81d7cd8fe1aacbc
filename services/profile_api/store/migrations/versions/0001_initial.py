"""The tables of facts and of what is derived from them."""

from alembic import op
from sqlalchemy import text

from profile_api.store.migrations.scripts import run_script_beside

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    tables = (
        "consent, latest_prediction, prediction, customer_metrics, purchase_journey, lifecycle_transition, "
        "lifecycle_clock, gap_reference, order_adjustment, order_line, customer_order, event, received_message, "
        "identity, source_record, customer, tenant"
    )
    op.execute(text(f"drop table {tables} cascade"))
