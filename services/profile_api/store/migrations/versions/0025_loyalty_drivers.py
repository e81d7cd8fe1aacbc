"""Loyalty potential has drivers too: they stay out of the short figures, as the others do."""

from alembic import op
from sqlalchemy import text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_FUNCTION = """
create or replace function prediction_figures(answer jsonb) returns jsonb
language sql immutable parallel safe
return answer #- '{churn,drivers}' #- '{next_purchase,drivers}' #- '{value,drivers}'
"""
_CURVE = " #- '{next_purchase,days}' #- '{next_purchase,probability}'"


def upgrade() -> None:
    op.execute(text(f"{_FUNCTION} #- '{{loyalty_potential,drivers}}' {_CURVE}"))


def downgrade() -> None:
    op.execute(text(f"{_FUNCTION} {_CURVE}"))
