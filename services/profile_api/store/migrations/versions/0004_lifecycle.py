"""Columns and functions of the lifecycle engine."""

from alembic import op
from sqlalchemy import text

from profile_api.store.migrations.scripts import run_script_beside

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    for statement in (
        "drop aggregate last_win_back(timestamptz, boolean, interval)",
        "drop function later_win_back(timestamptz, timestamptz, boolean, interval)",
        "drop function expanding_percentiles(integer[], integer, integer, integer)",
        "drop index event_signal",
        "alter table customer_metrics drop column placed_order_count, drop column order_months",
        "alter table purchase_journey drop constraint purchase_journey_pkey, drop column first_event_id, "
        "add primary key (customer_id, started_at)",
        "alter table lifecycle_clock drop column cause, drop column last_order_at, drop column loyal_until, "
        "drop column won_back_until, drop column closed",
    ):
        op.execute(text(statement))
