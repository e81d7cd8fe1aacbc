"""Which transaction entered each stage: what a snapshot did not see yet is news, however long its transaction took."""

from alembic import op
from sqlalchemy import text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        text("alter table lifecycle_transition add column written_by xid8 not null default pg_current_xact_id()")
    )
    op.execute(
        text(
            "create index lifecycle_transition_written on lifecycle_transition "
            "(tenant_id, model, written_by, customer_id, effective_at)"
        )
    )


def downgrade() -> None:
    op.execute(text("drop index lifecycle_transition_written"))
    op.execute(text("alter table lifecycle_transition drop column written_by"))
