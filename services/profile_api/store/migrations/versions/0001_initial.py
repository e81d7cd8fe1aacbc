"""The tables of facts and of what is derived from them."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def _statements(script: str) -> list[str]:
    lines = (line.split("--")[0] for line in script.splitlines())
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]


def upgrade() -> None:
    for statement in _statements(_SCRIPT.read_text()):
        op.execute(text(statement.replace(":", r"\:")))


def downgrade() -> None:
    tables = (
        "consent, latest_prediction, prediction, customer_metrics, purchase_journey, lifecycle_transition, "
        "lifecycle_clock, gap_reference, order_adjustment, order_line, customer_order, event, received_message, "
        "identity, source_record, customer, tenant"
    )
    op.execute(text(f"drop table {tables} cascade"))
