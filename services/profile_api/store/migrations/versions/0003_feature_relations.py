"""The relations that the features are computed from, as views over the facts."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text()):
        op.execute(text(statement.replace(":", r"\:")))


def downgrade() -> None:
    op.execute(text("drop view feature_event, feature_adjustment, feature_order_line, feature_order, feature_member"))


def _statements(script: str) -> list[str]:
    lines = (line.split("--")[0] for line in script.splitlines())
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]
